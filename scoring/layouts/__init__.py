"""Layouts beyond one row of plain cells for each id: units of several rows, lists, boxes, masks, beside columns.

A module reads both sides, the reference and a submission, so that one place says what a cell may hold. Mistakes go to
``Findings``: in a submission they are the participant's, in a reference the host's.
"""
