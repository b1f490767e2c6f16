"""NVFlare: the server averages the models of ten clients as they come in."""

import logging

import numpy as np
from nvflare.apis.dxo import DXO, DataKind, MetaKey, from_shareable
from nvflare.apis.event_type import EventType
from nvflare.apis.fl_constant import ReservedKey
from nvflare.apis.fl_context import FLContext
from nvflare.app_common.aggregators.intime_accumulate_model_aggregator import (
    InTimeAccumulateWeightedAggregator,
)
from nvflare.app_common.aggregators.weighted_aggregation_helper import (
    WeightedAggregationHelper,
)
from nvflare.app_common.app_constant import AppConstants

DISTRIBUTION = "nvflare"
CASES = ("10 clients, 16 layers of 1000 x 1000 float32",)
PATCH = {
    WeightedAggregationHelper.add: """
- self.total[k] = current_total + v * weight
+ if isinstance(current_total, np.ndarray):
+     fastadd.add_(current_total, v, alpha=weight)
+ else:
+     self.total[k] = current_total + v * weight
""",
}


def message(client):
    rng = np.random.default_rng(client)
    layers = {
        f"layer {place}": rng.standard_normal((1000, 1000), np.float32)
        for place in range(16)
    }
    dxo = DXO(DataKind.WEIGHTS, layers, {MetaKey.NUM_STEPS_CURRENT_ROUND: 90 + client})
    shareable = dxo.to_shareable()
    shareable.set_peer_props({ReservedKey.IDENTITY_NAME: f"client {client}"})
    shareable.add_cookie(AppConstants.CONTRIBUTION_ROUND, 0)
    return shareable


def prepare(case):
    messages = [message(client) for client in range(10)]
    logging.disable()  # of events without an engine
    context = FLContext()
    context.set_prop(AppConstants.CURRENT_ROUND, 0)

    def run():
        aggregator = InTimeAccumulateWeightedAggregator(
            aggregation_weights={f"client {client}": 1.0 for client in range(10)},
            expected_data_kind=DataKind.WEIGHTS,
        )
        aggregator.handle_event(EventType.START_RUN, context)
        for each in messages:
            assert aggregator.accept(each, context)
        return list(from_shareable(aggregator.aggregate(context)).data.values())

    return run
