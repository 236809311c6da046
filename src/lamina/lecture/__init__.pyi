from lamina.lecture.pictures import PICTURES as PICTURES
from lamina.lecture.pictures import Picture as Picture
from lamina.lecture.pictures import get_picture as get_picture
from lamina.lecture.rows import Row as Row
from lamina.lecture.rows import get_row as get_row
from lamina.lecture.rows import read_rows as read_rows
