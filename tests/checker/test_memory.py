"""No claim takes a GiB, nor twice its budget: the heaviest ones in a process of their own, whose peak is measured."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a process's own peak is read from /proc")

#: What each of them has made large: terms of an expansion, digits, exponents, cases, nested functions.
HEAVY = (
    "cosh(x), '<=', exp(x**2/2)",
    "(x + y + z + 1)**60, '>=', -1 - (x - y)**61",
    "(a + b + x**2 + y**2)**24, '<=', 2**60*(a**24 + b**24 + x**48 + y**48)",
    "factorial(n)**2, '>=', binomial(10**9, n)",
    "factorial(factorial(n)), '>=', n**n",
    "harmonic(10**30 + n), '<=', 200",
    "n**n**n, '>=', 2**2**n - n**10**6",
    "exp(exp(exp(x))), '>=', exp(exp(x**5)) - 1",
    "2**(10**7)*a, '<=', 3**(10**7)*b + a**2",
    "floor(n/29) + floor(n/31) + floor(k/29) + floor(k/31), '<=', (n + k)/15",
    "binomial(3*n, n)*binomial(2*n, n), '<=', 27**n",
    "sum(log(1 + x**j) for j in range(1, 40)), '<=', sum(Abs(x)**j for j in range(1, 40))",
)

SCRIPT = """
import json, sys, time
from sympy import *
from boundcalc.checker import check_inequality
x, y, z = symbols("x y z", real=True)
a, b = symbols("a b", positive=True)
n, k = symbols("N k", integer=True, positive=True)
left, relation, right = eval(sys.argv[1])
start = time.monotonic()
word = check_inequality(left, relation, right, domain={x: Interval(0, 50)} if x in (left - right).free_symbols else None,
                        budget=float(sys.argv[2])).word.value
with open("/proc/self/status") as status:  # ru_maxrss counts the process that started this one as well
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024
print(json.dumps([word, time.monotonic() - start, peak / 2**30]))
"""


def spent(claim: str, budget: float):
    """Return the verdict, seconds and GiB."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, claim, str(budget)], capture_output=True, text=True, timeout=20 * budget
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("claim", HEAVY[::4])
def test_memory_of_a_few(claim):
    assert spent(claim, 3.0)[2] < 1


@pytest.mark.slow
@pytest.mark.parametrize("claim", HEAVY)
def test_memory_and_time_of_the_heaviest(claim):
    _, seconds, peak = spent(claim, 10.0)
    assert peak < 1
    assert seconds < 20
