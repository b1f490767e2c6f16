"""scikit-learn: a wide perceptron is trained by Adam on handwritten digits."""

import warnings

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

DISTRIBUTION = "scikit-learn"
DTYPES = {"1500 x 1500, float32": "f4", "1500 x 1500, float64": "f8"}
CASES = tuple(DTYPES)
PATCH = {
    AdamOptimizer._get_updates: """
- self.ms = [
-     self.beta_1 * m + (1 - self.beta_1) * grad
-     for m, grad in zip(self.ms, grads)
- ]
- self.vs = [
-     self.beta_2 * v + (1 - self.beta_2) * (grad**2)
-     for v, grad in zip(self.vs, grads)
- ]
+ fastadd.foreach_add_(self.ms, grads, beta=self.beta_1, alpha=1 - self.beta_1)
+ for grad in grads:
+     np.square(grad, out=grad)
+ fastadd.foreach_add_(self.vs, grads, beta=self.beta_2, alpha=1 - self.beta_2)

- updates = [
-     -self.learning_rate * m / (np.sqrt(v) + self.epsilon)
-     for m, v in zip(self.ms, self.vs)
- ]
- return updates
+ for v, denominator in zip(self.vs, grads):
+     np.sqrt(v, out=denominator)
+     denominator += self.epsilon
+ # As ever in float64, which the learning rate is.
+ updates = [
+     fastadd.addcdiv(0, m, denominator, value=-self.learning_rate, dtype=np.float64)
+     for m, denominator in zip(self.ms, grads)
+ ]
+ return updates
""",
}


def prepare(case):
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(DTYPES[case])
    warnings.simplefilter("ignore", ConvergenceWarning)

    def run():
        network = MLPClassifier((1500, 1500), batch_size=64, max_iter=1, random_state=0)
        return network.fit(x, y).coefs_

    return run
