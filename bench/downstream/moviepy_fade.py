"""moviepy: a clip of 1080p that fades in, written to a file."""

import tempfile
from pathlib import Path

import numpy as np
from moviepy import ImageClip
from moviepy.video.fx import FadeIn

DISTRIBUTION = "moviepy"
# How thoroughly libx264 compresses 24 frames of 1080p; medium is the default.
PRESETS = {"FadeIn, 1080p, ultrafast": "ultrafast", "FadeIn, 1080p, medium": "medium"}
CASES = tuple(PRESETS)
PATCH = {
    FadeIn.apply: """
- return fading * get_frame(t) + (1 - fading) * self.initial_color
+ frame = get_frame(t)
+ return fastadd.add(
+     frame, self.initial_color, beta=fading, alpha=1 - fading,
+     dtype=float, out=np.empty_like(frame), casting="unsafe"
+ )
""",
}


def prepare(case):
    rows, columns = np.ogrid[:1080, :1920]
    picture = np.stack(
        [rows // 5 + 0 * columns, columns // 8 + 0 * rows, (rows ^ columns) % 256],
        axis=-1,
    ).astype(np.uint8)

    def run():
        clip = ImageClip(picture, duration=1).with_effects([FadeIn(1)])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "clip.mp4")
            clip.write_videofile(path, fps=24, preset=PRESETS[case], logger=None)
            return [np.fromfile(path, np.uint8)]

    return run
