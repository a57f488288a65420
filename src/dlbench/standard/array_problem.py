"""What is wrong with an array of the user's, and the line of Python that puts it right."""

from pathlib import Path


class ArrayProblemError(ValueError):
    """A problem of a file of arrays.

    problem: a sentence without the file's name.
    statement: Python that repairs the arrays in the dictionary `a`; "" where only the user can.
    trusted: whether reading the arrays as they are means trusting the file.
    """

    def __init__(self, problem: str, statement: str = "", *, trusted: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.statement = statement
        self.trusted = trusted

    def about(self, path: str) -> str:
        """Return the sentence about a file, and on a second line what to type."""
        if not self.statement:
            return f"{path}: {self.problem}"
        fixed = Path(path).name.removesuffix(".npz") + "-fixed.npz"
        pickles = ", allow_pickle=True" if self.trusted else ""
        load = f"import numpy as np; a = dict(np.load({path!r}{pickles}))"
        return f"{path}: {self.problem}\nIn Python: {load}; {self.statement}; np.savez({fixed!r}, **a)"
