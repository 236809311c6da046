"""The mathematics: every formula once, in the plainest text, on any library of the array API standard.

One short file an op, ``x_forward`` beside ``x_backward``; a file a head in ``heads``; the update rules in ``update``. Nothing
here knows of programs or executors, which feed the formulas.
"""
