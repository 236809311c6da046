"""The mathematics: every formula once, as plainly as possible, on any library that follows the array API standard.

Each op has a short file with ``x_forward`` next to ``x_backward``, each head a file in ``heads``; the update rules are in
``update``. Nothing here depends on programs or executors.
"""
