"""The E-model of G.107, G.107.1 and G.107.2 in decimal arithmetic of 50 digits, written from the recommendations.

Reads lines of "model ie bpl delay_ms loss_percent burst_ratio" and writes lines of "R MOS".
"""
import sys
from decimal import Decimal as D, getcontext

getcontext().prec = 50
LN2 = D(2).ln()


def sixth_root(v):
    return (v.ln() / 6).exp()


def idd(ta):
    if ta <= 100:
        return D(0)
    x = (ta / 100).ln() / LN2
    return 25 * (sixth_root(1 + x**6) - 3 * sixth_root(1 + (x / 3) ** 6) + 2)


def ie_eff(ie, bpl, ppl, burst, whole):
    return ie if ppl == 0 else ie + (whole - ie) * (ppl / (ppl / burst + bpl))


def score(r):
    if r < 0:
        return D(1)
    if r > 100:
        return D("4.5")
    return 1 + D("0.035") * r + r * (r - 60) * (100 - r) * D(7) / D(10) ** 6


def rate(model, ie, bpl, ta, ppl, burst):
    if model == "G.107":
        r = D("93.2") - idd(ta) - ie_eff(ie, bpl, ppl, burst, D(95))
        return r, score(r)
    if model == "G.107.1":
        r = D(129) - idd(ta) - ie_eff(ie, bpl, ppl, burst, D(95))
        return r, score(r / D("1.29"))
    r = D(148) - D("1.48") * idd(ta) - ie_eff(ie, bpl, ppl, D(1), D(132))
    return r, score(r / D("1.48"))


for line in sys.stdin:
    name, *numbers = line.split()
    print(*(f"{v:.9f}" for v in rate(name, *map(D, numbers))))
