"""Reports: what came of a run, for people, for other programs, and to compare with another run.

    report.py    a report as data, and what can be counted in it
    gather.py    makes one of a run
    steps.py     what a case did step by step, and the step in which a target differed
    kinds.py     which kinds there are: of cases, of learning, of fuzzing
    document.py  a report as JSON: writes and reads it; schema.py describes it
    junit.py     the same for servers of continuous integration
    badge.py     a picture of one line
    page.py      one page of HTML for one report or several; its parts are in `page/`
    changes.py   what is better and what is worse in another report

Everything but `gather` works on a report that was read from a file as well.
"""
