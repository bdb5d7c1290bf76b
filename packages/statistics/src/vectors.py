"""Writes vectors.json, the numbers that the tests hold Duet's statistics to: `/usr/bin/python3 vectors.py > vectors.json`.

Needs scipy and statsmodels (Debian's python3-scipy and python3-statsmodels). The tests need neither: vectors.test.ts runs this
where both are there, and compares.
"""

import json

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import integrate, optimize, special, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower, normal_power_het
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest


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


def uniform(seed):
    """Mulberry32, the same stream as Duet's seededRng(seed)."""
    state = seed & 0xFFFFFFFF
    while True:
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = state
        t = ((t ^ (t >> 15)) * (t | 1)) & 0xFFFFFFFF
        t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & 0xFFFFFFFF)) & 0xFFFFFFFF
        yield (t ^ (t >> 14)) / 4294967296


def shoppers(seed, n):
    """Heavy-tailed users: impressions, clicks, value, and the same before, which go together."""
    u = np.array([[next(stream) for _ in range(6)] for stream in [uniform(seed)] for _ in range(n)])
    taste = stats.norm.ppf(0.01 + 0.98 * u[:, 0])
    impressions, before = (np.floor(1 + 30 * u[:, i] ** 3) for i in (1, 2))
    rate = special.expit(taste - 2)
    clicks, clicks_before = (stats.binom.ppf(u[:, i], shown, rate) for i, shown in ((3, impressions), (4, before)))
    value = np.round(100 * np.exp(taste + stats.norm.ppf(0.01 + 0.98 * u[:, 5])))
    value_before = np.round(100 * np.exp(taste + u[:, 4]))
    return {
        "impressions": impressions, "clicks": clicks, "value": value,
        "preImpressions": before, "preClicks": clicks_before, "preValue": value_before,
    }


def cuped(arms, metric, past):
    """Theta and the adjusted difference of a two-armed experiment are coefficients of y ~ 1 + arm + x."""
    def linear(a, numerator, denominator):
        if denominator is None:
            return a[numerator].mean(), a[numerator]
        ratio = a[numerator].sum() / a[denominator].sum()
        return ratio, ratio + (a[numerator] - ratio * a[denominator]) / a[denominator].mean()

    y, x = ([linear(a, *of) for a in arms] for of in (metric, past))
    sizes = [len(a["clicks"]) for a in arms]
    arm = np.repeat([0, 1], sizes)
    ys, xs = np.concatenate([v for _, v in y]), np.concatenate([v for _, v in x])
    fit = sm.OLS(ys, np.column_stack([np.ones(sum(sizes)), arm, xs])).fit()
    theta = fit.params[2]
    within = [np.concatenate([v - v.mean() for _, v in side]) for side in (y, x)]
    return {
        "arms": [
            {key: list(a[name]) for key, name in zip(("numerator", "denominator", "preNumerator", "preDenominator"), (*metric, *past)) if name}
            for a in arms
        ],
        "theta": theta, "difference": fit.params[1], "correlation": np.corrcoef(*within)[0, 1],
        "variances": [np.var(ya - theta * xa, ddof=1) / n for (_, ya), (_, xa), n in zip(y, x, sizes)],
    }


def sequence(value, variance, n, tuned, level):
    """Theorem 2.2 of Waudby-Smith et al. with rho by Lambert's W; p by searching the alpha whose interval ends at zero."""
    alpha = 1 - level
    rho2 = (-special.lambertw(-(alpha**2) * np.exp(-1), -1).real - 1) / tuned
    sigma = (n * variance) ** 0.5
    margin = lambda a: sigma * np.sqrt(2 * (n * rho2 + 1) / (n**2 * rho2) * np.log(np.sqrt(n * rho2 + 1) / a))
    p = 1.0 if margin(1 - 1e-12) > abs(value) else np.exp(optimize.brentq(lambda x: margin(np.exp(x)) - abs(value), -600, -1e-13, xtol=1e-14))
    return {"value": value, "variance": variance, "n": n, "tunedFor": tuned, "level": level, "interval": [value - margin(alpha), value + margin(alpha)], "p": p}


def dirichlet(observed, weights, c):
    """One over the ratio of two scipy pmfs where there are two arms, else by log gammas."""
    theta, n = np.array(weights) / sum(weights), sum(observed)
    if len(observed) == 2:
        log = stats.binom.logpmf(observed[0], n, theta[0]) - stats.betabinom.logpmf(observed[0], n, c * theta[0], c * theta[1])
    else:
        log = stats.multinomial.logpmf(observed, n, theta) - (
            special.gammaln(n + 1) - special.gammaln(np.array(observed) + 1).sum() + special.gammaln(c) - special.gammaln(c + n)
            + (special.gammaln(c * theta + observed) - special.gammaln(c * theta)).sum()
        )
    return {"observed": observed, "weights": weights, "concentration": c, "p": min(1, np.exp(log))}


def bayesian_lift(control, treatment, prior):
    """The posterior by quadrature of prior times likelihood."""
    (n1, m1, s1), (n2, m2, s2) = control, treatment
    lift, sd = m2 / m1 - 1, ((s2 / n2) / m1**2 + m2**2 * (s1 / n1) / m1**4) ** 0.5
    product = lambda x: stats.norm.pdf(x, *prior) * stats.norm.pdf(x, lift, sd)
    centre = (lift / sd**2 + prior[0] / prior[1] ** 2) / (1 / sd**2 + 1 / prior[1] ** 2)
    width = 1 / (1 / sd**2 + 1 / prior[1] ** 2) ** 0.5
    low, high = centre - 12 * width, centre + 12 * width
    area = lambda f, a=low, b=high: integrate.quad(lambda x: f(x) * product(x), a, b, epsabs=0, epsrel=1e-12, points=[centre] if a < centre < b else None, limit=500)[0]
    total = area(lambda x: 1)
    quantile = lambda q: optimize.brentq(lambda d: area(lambda x: 1, low, d) / total - q, low, high, xtol=1e-15)
    return {
        "control": control, "treatment": treatment, "prior": list(prior), "value": area(lambda x: x) / total,
        "interval": [quantile(0.025), quantile(0.975)], "chanceToWin": area(lambda x: 1, 0, high) / total,
        "loss": [area(lambda x: -x, low, 0) / total, area(lambda x: x, 0, high) / total],
    }


def bayesian_shares(control, treatment, prior):
    one, two = (stats.beta(prior[0] + k, prior[1] + n - k) for k, n in (control, treatment))
    marks = [d.ppf(q) for d in (one, two) for q in (1e-12, 0.001, 0.5, 0.999, 1 - 1e-12)]
    points = lambda d: sorted({min(1, max(0, x)) for x in (0, 1, *marks, *(x - d for x in (0, *marks)))})
    quad = lambda f, d=0: sum(integrate.quad(f, a, b, epsabs=1e-15, epsrel=1e-11)[0] for a, b in zip(points(d), points(d)[1:]))
    below = lambda d: quad(lambda x: one.pdf(x) * two.cdf(x + d), d)
    return {
        "control": control, "treatment": treatment, "prior": list(prior),
        "chanceToWin": quad(lambda x: two.pdf(x) * one.cdf(x)),
        "loss": [quad(lambda x: one.sf(x) * two.cdf(x)), quad(lambda x: two.sf(x) * one.cdf(x))],
        "interval": [optimize.brentq(lambda d: below(d) - q, -1, 1, xtol=1e-13) for q in (0.025, 0.975)],
    }


def power_of_mean(mean, variance, lift, n1, n2, alpha):
    power = NormalIndPower().power(mean * lift / variance**0.5, n1, alpha, ratio=n2 / n1)
    split = n2 / n1
    at = lambda lift, n1: NormalIndPower().power(mean * lift / variance**0.5, n1, alpha, ratio=split)
    needed = optimize.brentq(lambda n: at(lift, n) - 0.8, 2, 1e9)
    effect = mean * optimize.brentq(lambda x: at(x, n1) - 0.8, 0, 10, xtol=1e-15)
    return {"mean": mean, "variance": variance, "lift": lift, "users": [n1, n2], "alpha": alpha, "power": power, "control": needed, "effect": effect}


def power_of_rate(rate, lift, n1, n2, alpha):
    other = rate * (1 + lift)
    sd = (rate * (1 - rate) + other * (1 - other) * n1 / n2) ** 0.5
    return {"rate": rate, "lift": lift, "users": [n1, n2], "alpha": alpha, "power": normal_power_het(rate * lift, n1, alpha, sd, sd)}


def proportions(control, treatment):
    (k1, n1), (k2, n2) = control, treatment
    z, p = proportions_ztest([k2, k1], [n2, n1])
    return {"control": control, "treatment": treatment, "chiSquare": z**2, "p": p, "interval": list(confint_proportions_2indep(k2, n2, k1, n1, method="newcomb", compare="diff"))}


def outer(users, q):
    values = np.sort(np.concatenate(users))
    value = np.quantile(values, q)
    below, size = np.array([(u <= value).sum() for u in users]), np.array([len(u) for u in users])
    z = (below - below.sum() / size.sum() * size) / size.mean()
    t = stats.t.ppf(0.975, len(users) - 1)
    spread = t * stats.sem(z)
    upper, lower = np.quantile(values, min(1, q + spread)), np.quantile(values, max(0, q - spread))
    return {"q": q, "value": value, "variance": ((upper - lower) / 2 / t) ** 2, "interval": [lower, upper]}


def resampled(users, q, seed, replicates):
    """Quantiles of users drawn by the very stream that Duet draws by."""
    stream = uniform(seed)
    draw = lambda: np.quantile(np.concatenate([users[int(next(stream) * len(users))] for _ in users]), q)
    return {"q": q, "seed": seed, "replicates": replicates, "interval": list(np.quantile([draw() for _ in range(replicates)], [0.025, 0.975], method="weibull"))}


def clustered(y, weights, users):
    """A weighted mean with the covariance that is robust to clusters, which is the delta method's."""
    fit = sm.WLS(np.array(y), np.ones(len(y)), weights=np.array(weights)).fit(cov_type="cluster", cov_kwds={"groups": np.unique(users, return_inverse=True)[1]})
    value, error, df = fit.params[0], fit.bse[0], len(set(users)) - 1
    half = stats.t.ppf(0.975, df) * error
    return {"value": value, "interval": [value - half, value + half]}


def off_policy(seed, n):
    stream = uniform(seed)
    keys = ("reward", "propensity", "target", "predicted", "predictedTarget")
    rows = [[float(next(stream) < 0.3), *(round(0.02 + 0.98 * next(stream), 3) for _ in keys[1:])] for _ in range(n)]
    users = [f"u{int(next(stream) * n / 3)}" for _ in rows]
    r, p, t, q, qt = np.array(rows).T
    ones, w = np.ones(n), t / p
    clipped = np.minimum(w, 2)
    return {
        "choices": [{**dict(zip(keys, row)), "user": user} for row, user in zip(rows, users)],
        "ips": clustered(w * r, ones, users), "snips": clustered(r, w, users), "doublyRobust": clustered(qt + w * (r - q), ones, users),
        "ipsOfSingles": clustered(w * r, ones, range(n)), "snipsClipped": clustered(r, clipped, users),
        "effectiveSampleSize": w.sum() ** 2 / (w**2).sum(), "clipped": int((w > 2).sum()),
    }


def interleaving(seed, n):
    stream = uniform(seed)
    control, treatment = ([int(8 * next(stream) ** 3) for _ in range(n)] for _ in "ab")
    c, t = np.array(control), np.array(treatment)
    wins, losses, ties = int((t > c).sum()), int((t < c).sum()), int((t == c).sum())
    votes = (np.sign(t - c) + 1) / 2
    shown = (t + c) > 0
    preference = sm.WLS(t[shown] / (t + c)[shown], np.ones(shown.sum()), weights=(t + c)[shown]).fit(cov_type="HC0")
    # Users without a click count among n: HC0 has them as zeros, and only its correction n/(n - 1) must know them.
    error = preference.bse[0] * (n / (n - 1)) ** 0.5
    half = stats.t.ppf(0.975, n - 1) * error
    test = stats.binomtest(wins, wins + losses)
    sign = test.proportion_ci(0.95, method="exact")
    vote = stats.ttest_1samp(votes, 0.5)
    return {
        "users": [{"control": a, "treatment": b} for a, b in zip(control, treatment)], "counts": [wins, losses, ties],
        "preference": {"value": preference.params[0], "interval": [preference.params[0] - half, preference.params[0] + half],
                       "p": 2 * stats.t.sf(abs(preference.params[0] - 0.5) / error, n - 1)},
        "userPreference": {"value": votes.mean(), "interval": list(stats.t.interval(0.95, n - 1, votes.mean(), stats.sem(votes))), "p": vote.pvalue},
        "sign": {"value": wins / (wins + losses), "interval": [sign.low, sign.high], "p": test.pvalue},
    }


two_shops = [shoppers(1, 30), shoppers(2, 40)]
baskets = [[float(round(1000 * next(stream) ** 4)) for _ in range(1 + int(5 * next(stream)))] for stream in [uniform(7)] for _ in range(25)]
ps = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1.0]

vectors = {
    "scipy": scipy.__version__,
    "statsmodels": statsmodels.__version__,
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
    "beta.cdf(x, a, b)": [[x, a, b, stats.beta.cdf(x, a, b)] for x, a, b in ((0.1, 2, 3), (0.5, 0.5, 0.5), (0.0013, 120, 1e5), (0.999, 5e4, 40))],
    "binom.cdf(k, n, p)": [[k, n, p, stats.binom.cdf(k, n, p)] for k, n, p in ((3, 10, 0.5), (0, 4, 0.1), (480, 1000, 0.5), (5, 5, 0.3))],
    "quantile(values, q)": [[q, np.quantile(two_shops[0]["value"], q)] for q in (0, 0.25, 0.5, 0.999, 1)],
    "minimum(values, quantile)": {"values": list(two_shops[0]["value"]), "q": 0.9, "winsorised": list(np.minimum(two_shops[0]["value"], np.quantile(two_shops[0]["value"], 0.9)))},
    "OLS(y ~ 1 + arm + x)": [
        cuped(two_shops, ("value", None), ("preValue", None)),
        cuped(two_shops, ("clicks", "impressions"), ("preClicks", "preImpressions")),
        cuped(two_shops, ("value", "impressions"), ("preValue", None)),
    ],
    "asymptotic confidence sequence": [
        sequence(*of) for of in ((0.1, 0.0058, 2100, 2000, 0.95), (0.1, 0.0004, 2100, 2000, 0.95), (-3, 0.2, 50, 100000, 0.9), (1e-4, 1e-10, 10**6, 10**5, 0.99))
    ],
    "binom.pmf / betabinom.pmf": [dirichlet(*of) for of in (([5200, 4800], [1, 1], 10000), ([5000, 5000], [1, 1], 100), ([821588, 815482], [1, 1], 10000), ([100, 210, 290], [0.2, 0.3, 0.5], 1000))],
    "multipletests": {"p": ps[::-1], "holm": list(multipletests(ps[::-1], method="holm")[1]), "benjaminiHochberg": list(multipletests(ps[::-1], method="fdr_bh")[1])},
    "quad(norm.pdf * norm.pdf)": [bayesian_lift((1000, 1, 4), (1100, 1.1, 4.2), (0, 0.3)), bayesian_lift((50000, 2, 9), (20000, 2.1, 9), (0.01, 0.02)), bayesian_lift((100, 5, 30), (90, 2, 10), (0, 10))],
    "quad(beta.pdf * beta.cdf)": [bayesian_shares(*of) for of in (((10, 100), (20, 100), (1, 1)), ((0, 40), (1, 700), (0.5, 0.5)), ((500, 10000), (540, 10000), (5, 95)))],
    "NormalIndPower": [power_of_mean(*of) for of in ((3.75, 900, 0.05, 400000, 400000, 0.05), (10, 25, 0.1, 300, 600, 0.01), (1, 4, 0.02, 5000, 2000, 0.025))],
    "normal_power_het": [power_of_rate(*of) for of in ((0.05, 0.05, 121600, 121600, 0.05), (0.3, -0.2, 500, 250, 0.1))],
    "confint_proportions_2indep(method='newcomb')": [proportions(*of) for of in (((48, 80), (56, 70)), ((3, 10), (9, 10)), ((0, 20), (10, 10)), ((417, 10000), (460, 9800)))],
    "quantile of users": {"users": baskets, "outer": [outer([np.array(u) for u in baskets], q) for q in (0.5, 0.9)], "bootstrap": [resampled(baskets, *of) for of in ((0.5, 3, 50), (0.9, 4, 80))]},
    "WLS(cov_type='cluster')": off_policy(5, 60),
    "binomtest, ttest_1samp, WLS(cov_type='HC0')": interleaving(9, 50),
    "sem((x - R y) / mean(y))": [ratio([1, 0, 2, 1, 3, 0, 1, 0], [10, 3, 8, 1, 20, 5, 7, 2]), ratio([5, 900, 20], [1, 2, 1])],
}
print(json.dumps(vectors, indent=1))
