"""SciPy: Krylov methods on the five-point Laplacian of a grid of 1000 x 1000."""

import numpy as np
from scipy.sparse import dia_array
from scipy.sparse.linalg import bicgstab, cg, gmres, minres

DISTRIBUTION = "scipy"
# The solvers, each with a limit that keeps a run to some 50 products with the matrix.
SOLVERS = {
    "minres": (minres, {"maxiter": 50}),
    "gmres": (gmres, {"maxiter": 2, "restart": 20, "callback_type": "x"}),
    "cg": (cg, {"maxiter": 50}),
    "bicgstab": (bicgstab, {"maxiter": 25}),
}
CASES = tuple(SOLVERS)
PATCH = {
    minres: """
- y = y - shift * v
+ y = fastadd.sub(y, v, alpha=shift)

- y = y - (beta/oldb)*r1
+ fastadd.sub_(y, r1, alpha=beta / oldb)

- y = y - (alfa/beta)*r2
+ fastadd.sub_(y, r2, alpha=alfa / beta)

- w = (v - oldeps*w1 - delta*w2) * denom
- x = x + phi*w
+ w = fastadd.weighted_sum([v, w1, w2], [1, -oldeps, -delta])
+ w *= denom
+ fastadd.add_(x, w, alpha=phi)
""",
    gmres: """
- w -= tmp*v[k, :]
+ fastadd.sub_(w, v[k, :], alpha=tmp)
""",
    cg: """
- p *= beta
- p += z
+ fastadd.add(p, z, beta=beta, out=p)

- x += alpha*p
- r -= alpha*q
+ fastadd.add_(x, p, alpha=alpha)
+ fastadd.sub_(r, q, alpha=alpha)
""",
    bicgstab: """
- p -= omega*v
- p *= beta
- p += r
+ fastadd.sub_(p, v, alpha=omega)
+ fastadd.add(p, r, beta=beta, out=p)

- r -= alpha*v
+ fastadd.sub_(r, v, alpha=alpha)

- x += alpha*phat
- x += omega*shat
- r -= omega*t
+ fastadd.weighted_sum([x, phat, shat], [1, alpha, omega], out=x)
+ fastadd.sub_(r, t, alpha=omega)
""",
}


def prepare(case):
    n = 1000
    solver, options = SOLVERS[case]
    sides = np.where(np.arange(n * n) % n == n - 1, -0.0, -1.0)
    diagonals = [
        np.full(n * n, 4.0),
        sides,
        np.roll(sides, 1),
        *2 * [np.full(n * n, -1.0)],
    ]
    matrix = dia_array((diagonals, (0, -1, 1, -n, n)), (n * n, n * n)).tocsr()
    right = np.random.default_rng(0).standard_normal(n * n)
    return lambda: [solver(matrix, right, rtol=1e-12, **options)[0]]
