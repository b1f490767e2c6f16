"""scikit-image: total-variation denoising by Chambolle's method."""

import numpy as np
from skimage.data import astronaut
from skimage.restoration import _denoise, denoise_tv_chambolle

DISTRIBUTION = "scikit-image"
# Shape, channel axis and the limit of iterations, which keeps a run short.
SHAPES = {
    "512 x 512": ((512, 512), None, 200),
    "2048 x 2048": ((2048, 2048), None, 20),
    "512 x 512, RGB": ((512, 512, 3), -1, 50),
    "128 x 128 x 128": ((128, 128, 128), None, 20),
}
CASES = tuple(SHAPES)
PATCH = {
    _denoise._denoise_tv_chambolle_nd: """
- d = -p.sum(0)
+ d = fastadd.weighted_sum(p, [-1] * ndim)

- d[tuple(slices_d)] += p[tuple(slices_p)]
+ fastadd.add_(d[tuple(slices_d)], p[tuple(slices_p)])

- out = image + d
+ out = fastadd.add(image, d)

- g[tuple(slices_g)] = np.diff(out, axis=ax)
+ before, after = (
+     tuple(some if each == ax else slice(None) for each in range(ndim))
+     for some in (slice(0, -1), slice(1, None))
+ )
+ fastadd.sub(out[after], out[before], out=g[tuple(slices_g)])

- norm = np.sqrt((g**2).sum(axis=0))[np.newaxis, ...]
+ squares = np.square(g[0])
+ for axis in range(1, ndim):
+     fastadd.addcmul_(squares, g[axis], g[axis])
+ norm = np.sqrt(squares, out=squares)[np.newaxis, ...]

- norm *= tau / weight
- norm += 1.0
- p -= tau * g
+ fastadd.add(norm, 1.0, beta=tau / weight, out=norm)
+ fastadd.sub_(p, g, alpha=tau)
""",
}


def prepare(case):
    shape, channel_axis, iterations = SHAPES[case]
    picture = astronaut() / 255
    if channel_axis is None:
        picture = picture[..., 1]
    if len(shape) == 3 and channel_axis is None:
        picture = np.broadcast_to(picture[:128, :128, None], shape)
    elif shape[0] == 2048:
        picture = np.tile(picture, (4, 4))
    noisy = picture + np.random.default_rng(0).normal(0, 0.1, shape)

    def run():
        return [
            denoise_tv_chambolle(
                noisy, channel_axis=channel_axis, max_num_iter=iterations
            )
        ]

    return run
