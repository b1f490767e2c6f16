"""blend_modes: a layer of 1080p with an alpha channel over another picture."""

import blend_modes
import numpy as np

DISTRIBUTION = "blend_modes"
MODES = {
    "normal, 1080p, RGBA": blend_modes.normal,
    "screen, 1080p, RGBA": blend_modes.screen,
}
CASES = tuple(MODES)
TOLERANCES = {CASES[0]: 1e-15}  # three factors are multiplied in another order
PATCH = {
    blend_modes.normal: """
- c_out = (img_layer_norm[:, :, :3] * img_layer_alp + img_in_norm[:, :, :3] * img_in_alp * (1 - img_layer_alp)) \\
-         / (img_layer_alp + img_in_alp * (1 - img_layer_alp))
-
- # Blend alpha
- cout_alp = img_layer_alp + img_in_alp * (1 - img_layer_alp)
-
- # Combine image and alpha
- c_out = np.dstack((c_out, cout_alp))
+ c_out = np.empty_like(img_in_norm)
+ below_alp = img_in_alp * (1 - img_layer_alp)
+ cout_alp = np.add(img_layer_alp, below_alp, out=c_out[:, :, 3:])
+ rgb = fastadd.add(
+     img_layer_norm[:, :, :3], img_in_norm[:, :, :3],
+     beta=img_layer_alp, alpha=below_alp, out=c_out[:, :, :3],
+ )
+ rgb /= cout_alp
""",  # noqa: E501  (lines of theirs)
    blend_modes.screen: """
- comp = 1.0 - (1.0 - img_in_norm[:, :, :3]) * (1.0 - img_layer_norm[:, :, :3])
-
- ratio_rs = np.reshape(np.repeat(ratio, 3), [comp.shape[0], comp.shape[1], comp.shape[2]])
- img_out = comp * ratio_rs + img_in_norm[:, :, :3] * (1.0 - ratio_rs)
- img_out = np.nan_to_num(np.dstack((img_out, img_in_norm[:, :, 3])))  # add alpha channel and replace nans
+ ratio_rs = ratio[:, :, np.newaxis]
+ img_out = img_in_norm.copy()
+ comp = fastadd.addcmul(
+     1.0, 1.0 - img_in_norm[:, :, :3], 1.0 - img_layer_norm[:, :, :3], value=-1
+ )
+ fastadd.add(
+     comp, img_in_norm[:, :, :3],
+     beta=ratio_rs, alpha=1.0 - ratio_rs, out=img_out[:, :, :3],
+ )
+ np.nan_to_num(img_out, copy=False)  # replace nans
""",  # noqa: E501
}


def prepare(case):
    rng = np.random.default_rng(0)
    below, layer = rng.integers(1, 256, (2, 1080, 1920, 4)).astype(float)
    return lambda: [MODES[case](below, layer, 0.7)]
