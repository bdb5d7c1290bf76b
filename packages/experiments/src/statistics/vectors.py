"""Writes vectors.json, the numbers that statistics.test.ts holds Duet to: `python3 vectors.py > vectors.json`. Not needed to run the tests."""

import json

import numpy as np
import scipy
from scipy import optimize, stats


def fieller(m1, v1, m2, v2, t):
    """Roots of (m2 - r m1)^2 = t^2 (v2 + r^2 v1) by bracketing from the point estimate outwards; None where unbounded."""
    if m1 * m1 <= t * t * v1:
        return None
    beyond = lambda r: (m2 - r * m1) ** 2 - t * t * (v2 + r * r * v1)
    ends = []
    for sign in (-1, 1):
        end, step = m2 / m1, 1e-4
        while beyond(end) < 0:
            end, step = end + sign * step, step * 1.5
        ends.append(optimize.brentq(beyond, *sorted((end, m2 / m1)), xtol=1e-15, rtol=1e-14) - 1)
    return ends


def two_arms(control, treatment):
    (n1, m1, s1), (n2, m2, s2) = control, treatment
    test = stats.ttest_ind_from_stats(m2, s2**0.5, n2, m1, s1**0.5, n1, equal_var=False)
    v1, v2 = s1 / n1, s2 / n2
    df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    t = stats.t.ppf(0.975, df)
    half, ratio = t * (v1 + v2) ** 0.5, t * (v2 / m1**2 + m2**2 * v1 / m1**4) ** 0.5
    return {
        "control": control, "treatment": treatment, "t": test.statistic, "df": df, "p": test.pvalue,
        "interval": [m2 - m1 - half, m2 - m1 + half], "fieller": fieller(m1, v1, m2, v2, t),
        "delta": [m2 / m1 - 1 - ratio, m2 / m1 - 1 + ratio],
    }


def wilson(k, n):
    interval = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    return [k, n, interval.low, interval.high]


def ratio(x, y):
    """The linearised values z = (x - R y) / mean(y): their mean's variance is the delta method's."""
    x, y = np.array(x), np.array(y)
    value = x.sum() / y.sum()
    z = (x - value * y) / y.mean()
    interval = stats.t.interval(0.95, len(x) - 1, loc=value, scale=stats.sem(z))
    return {"x": x.tolist(), "y": y.tolist(), "value": value, "variance": stats.sem(z) ** 2, "interval": list(interval)}


def chisquare(observed, weights):
    test = stats.chisquare(observed, sum(observed) * np.array(weights))
    return {"observed": observed, "weights": weights, "chiSquare": test.statistic, "p": test.pvalue}


vectors = {
    "scipy": scipy.__version__,
    "norm.cdf(x)": [[x, stats.norm.cdf(x)] for x in (-8, -3, -1.96, -0.5, 0, 0.1, 1, 2.5, 6)],
    "norm.sf(x)": [[x, stats.norm.sf(x)] for x in (0.3, 2, 5, 10, 30)],
    "norm.ppf(p)": [[p, stats.norm.ppf(p)] for p in (1e-300, 1e-20, 1e-6, 0.025, 0.08, 0.3, 0.9, 0.975, 0.999999)],
    "t.sf(t, df)": [
        [t, df, stats.t.sf(t, df)]
        for t, df in ((0.5, 1), (2, 1.7), (-1.3, 3), (2.2, 10.5), (4, 30), (1.96, 1e3), (2.5, 123456.7), (3, 1e9), (40, 5), (12, 200))
    ],
    "t.ppf(p, df)": [
        [p, df, stats.t.ppf(p, df)]
        for p, df in ((0.975, 1), (0.975, 1.5), (0.975, 10), (0.995, 33.3), (0.025, 4), (0.6, 2), (0.9995, 1e4), (0.975, 1e8), (1e-10, 7), (0.975, 0.5))
    ],
    "chi2.sf(x, df)": [
        [x, df, stats.chi2.sf(x, df)]
        for x, df in ((0, 1), (0.5, 1), (3.84, 1), (10.83, 1), (7, 3), (100, 2), (200, 180), (900, 1000), (1e-3, 5))
    ],
    "ttest_ind_from_stats(equal_var=False)": [
        two_arms(*arms)
        for arms in (
            ((50, 3.2, 4.1), (61, 3.9, 9.7)),
            ((2, 1, 0.5), (3, 8, 0.1)),
            ((100000, 0.0123, 0.4), (99321, 0.0131, 0.5)),
            ((12, 100, 0), (15, 90, 22)),
        )
    ],
    "binomtest(k, n).proportion_ci(method='wilson')": [
        wilson(k, n) for k, n in ((0, 10), (3, 10), (10, 10), (1, 1), (417, 10000), (1, 1000000))
    ],
    "chisquare(f_obs, f_exp)": [
        chisquare(*split)
        for split in (([5000, 5000], [0.5, 0.5]), ([5200, 4800], [0.5, 0.5]), ([100, 210, 290], [0.2, 0.3, 0.5]), ([821588, 815482], [0.5, 0.5]))
    ],
    "sem((x - R y) / mean(y))": [ratio([1, 0, 2, 1, 3, 0, 1, 0], [10, 3, 8, 1, 20, 5, 7, 2]), ratio([5, 900, 20], [1, 2, 1])],
}
print(json.dumps(vectors, indent=2))
