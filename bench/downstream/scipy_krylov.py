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
# The dot product that goes into the next step is summed up in another order.
TOLERANCES = {"minres": 1e-12}
PATCH = {
    minres: """
- y = y - shift * v
+ y = fastadd.sub(y, v, alpha=shift)

- if itn >= 2:
-     y = y - (beta/oldb)*r1
+ if itn >= 2:
+     _, alfa = fastadd.add_dot_(y, r1, v, alpha=-beta / oldb)

- alfa = inner(v,y)
- y = y - (alfa/beta)*r2
+ if itn < 2:
+     alfa = inner(v,y)
+ fastadd.sub_(y, r2, alpha=alfa / beta)

- w = (v - oldeps*w1 - delta*w2) * denom
- x = x + phi*w
+ w = fastadd.weighted_sum([v, w1, w2], [1, -oldeps, -delta])
+ w *= denom
+ _, square = fastadd.add_dot_(x, w, alpha=phi)

- ynorm = norm(x)
+ ynorm = sqrt(square)
""",
    gmres: """
- w -= tmp*v[k, :]
+ fastadd.sub_(w, v[k, :], alpha=tmp)
""",
    cg: """
  r = b - matvec(x) if x.any() else b.copy()
+ square = np.dot(r, r)

- if np.linalg.norm(r) < atol:  # Are we done?
-     return x, 0
+ if np.sqrt(square) < atol:
+     return x, 0

- p *= beta
- p += z
+ fastadd.add(p, z, beta=beta, out=p)

- x += alpha*p
- r -= alpha*q
+ fastadd.add_(x, p, alpha=alpha)
+ _, square = fastadd.add_dot_(r, q, alpha=-alpha)
""",
    bicgstab: """
  r = b - matvec(x) if x.any() else b.copy()
+ square = np.dot(r, r)

- if np.linalg.norm(r) < atol:  # Are we done?
-     return x, 0
+ if np.sqrt(square) < atol:
+     return x, 0

- p -= omega*v
- p *= beta
- p += r
+ fastadd.sub_(p, v, alpha=omega)
+ fastadd.add(p, r, beta=beta, out=p)

- r -= alpha*v
+ _, square = fastadd.add_dot_(r, v, alpha=-alpha)

- if np.linalg.norm(s) < atol:
-     x += alpha*phat
-     return x, 0
+ if np.sqrt(square) < atol:
+     fastadd.add_(x, phat, alpha=alpha)
+     return x, 0

- x += alpha*phat
- x += omega*shat
- r -= omega*t
+ fastadd.weighted_sum([x, phat, shat], [1, alpha, omega], out=x)
+ _, square = fastadd.add_dot_(r, t, alpha=-omega)
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
