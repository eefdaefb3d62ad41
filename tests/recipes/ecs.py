"""Whether a file is a request that ECS' RegisterTaskDefinition takes: botocore's own check before it
sends one. Unknown and missing fields and wrong types are refused."""

import json
import sys

import botocore.session
from botocore.validate import ParamValidator

service = botocore.session.get_session().get_service_model("ecs")
shape = service.operation_model("RegisterTaskDefinition").input_shape
with open(sys.argv[1], encoding="utf-8") as file:
    report = ParamValidator().validate(json.load(file), shape).generate_report()
sys.exit(report or None)
