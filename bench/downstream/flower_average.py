"""Flower: both of its strategies FedAvg average the models of ten clients."""

import logging

import numpy as np
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.common import (
    Code,
    FitRes,
    Status,
    ndarrays_to_parameters,
    parameters_to_ndarrays,
)
from flwr.server.strategy import FedAvg as ServerFedAvg
from flwr.server.strategy import aggregate
from flwr.serverapp.strategy import FedAvg, strategy_utils
from flwr.supercore.task_identity import TaskIdentity

DISTRIBUTION = "flwr"
CASES = "FedAvg of serverapp", "FedAvg of server", "FedAvg of server, inplace=False"
# It multiplies in float64, a NumPy number being one, and rounds the
# product to float32; the patch multiplies in float32.
TOLERANCES = {CASES[1]: 2e-7}
PATCH = {
    strategy_utils.aggregate_arrayrecords: """
- aggregated_np_arrays[key] += value.numpy() * weight
+ fastadd.add_(aggregated_np_arrays[key], value.numpy(), alpha=weight)
""",
    aggregate.aggregate_inplace: """
- res = (
-     _try_inplace(x, scaling_factors[i], np_binary_op=np.multiply)
-     for x in parameters_to_ndarrays(fit_res.parameters)
- )
- params = [
-     reduce(partial(_try_inplace, np_binary_op=np.add), layer_updates)
-     for layer_updates in zip(params, res, strict=True)
- ]
+ for x, y in zip(
+     params, parameters_to_ndarrays(fit_res.parameters), strict=True
+ ):
+     fastadd.add_(x, y, alpha=x.dtype.type(scaling_factors[i]))
""",
    aggregate.aggregate: """
- # Create a list of weights, each multiplied by the related number of examples
- weighted_weights = [
-     [layer * num_examples for layer in weights] for weights, num_examples in results
- ]
-
- # Compute average weights of each layer
- weights_prime: NDArrays = [
-     reduce(np.add, layer_updates) / num_examples_total
-     for layer_updates in zip(*weighted_weights, strict=True)
- ]
+ # Compute average weights of each layer
+ models, counts = zip(*results, strict=True)
+ weights_prime: NDArrays = [
+     fastadd.weighted_sum(layers, counts) / num_examples_total
+     for layers in zip(*models, strict=True)
+ ]
""",
}


def layers(client):
    rng = np.random.default_rng(client)
    return [rng.standard_normal((1000, 1000), np.float32) for _ in range(16)]


def messages():
    for client in range(10):
        arrays = ArrayRecord(
            {f"layer {place}": Array(x) for place, x in enumerate(layers(client))}
        )
        content = RecordDict(
            {"arrays": arrays, "metrics": MetricRecord({"num-examples": 90 + client})}
        )
        yield Message(content, dst_node_id=client, message_type="train")


def prepare(case):
    logging.disable()
    # As if a server ran.
    TaskIdentity.task_id = TaskIdentity.run_id = TaskIdentity.node_id = 1
    if case == CASES[0]:
        replies = list(messages())

        def run():
            arrays, _ = FedAvg().aggregate_train(1, replies)
            return arrays.to_numpy_ndarrays()

        return run
    status = Status(Code.OK, "")
    results = [
        (None, FitRes(status, ndarrays_to_parameters(layers(client)), 90 + client, {}))
        for client in range(10)
    ]

    def run():
        strategy = ServerFedAvg(inplace=case == CASES[1])
        parameters, _ = strategy.aggregate_fit(1, results, [])
        return parameters_to_ndarrays(parameters)

    return run
