"""ODL: conjugate gradients and total variation by primal-dual hybrid gradients."""

import numpy as np
import odl
from odl.core.space.base_tensors import TensorSpace

DISTRIBUTION = "odl"
CASES = "conjugate gradients", "TV by PDHG"
PATCH = {
    TensorSpace._lincomb: """
- return odl.add(a*x1, b*x2, out)
+ if self.impl == "numpy" and out is not None:
+     fastadd.add(x1.data, x2.data, beta=a, alpha=b, out=out.data)
+     return out
+ return odl.add(a*x1, b*x2, out)
""",
}


def prepare(case):
    space = odl.uniform_discr([0, 0], [1, 1], [1000, 1000])
    noisy = space.element(np.random.default_rng(0).random(space.shape))
    gradient = odl.Gradient(space)

    def conjugate_gradients():
        x = space.zero()
        smooth = odl.IdentityOperator(space) + 1e-6 * gradient.adjoint @ gradient
        odl.solvers.conjugate_gradient(smooth, x, noisy, niter=10)
        return [x.asarray()]

    def total_variation():
        x = space.zero()
        data = odl.functionals.L2NormSquared(space).translated(noisy)
        variation = 0.1 * odl.functionals.GroupL1Norm(gradient.range)
        odl.solvers.pdhg(
            x,
            odl.functionals.ZeroFunctional(space),
            odl.functionals.SeparableSum(data, variation),
            odl.BroadcastOperator(odl.IdentityOperator(space), gradient),
            niter=10,
            tau=1e-3,
            sigma=1e-3,
        )
        return [x.asarray()]

    return conjugate_gradients if case == CASES[0] else total_variation
