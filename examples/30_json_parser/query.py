"""JSON from strangers, read and written by cJSON: pointers go to and fro, strings come back."""

import sys
from pathlib import Path

import motte

OPTIONS = motte.BuildOptions(debug=True)
DOCUMENT = '{"name": "Motte", "walls": [3, 4.5, {"height": 12}], "keep": null}'

with motte.library(Path(sys.argv[1], "cJSON.c"), memory="16MiB", time=None, options=OPTIONS) as json:

    def text(item: int) -> str:
        """Some item as JSON."""
        shown = json.cJSON_PrintUnformatted(item)
        try:
            return json.memory.string(shown, limit="64KiB").decode()
        finally:
            json.free(shown)

    root = json.cJSON_Parse(DOCUMENT)
    walls = json.cJSON_GetObjectItem(root, "walls")
    print(text(walls), json.cJSON_GetArraySize(walls))
    print(sum(json.cJSON_GetNumberValue(json.cJSON_GetArrayItem(walls, number)) for number in range(2)))
    json.cJSON_AddItemToArray(walls, json.cJSON_CreateString("grün"))
    print(text(root))
    json.cJSON_Delete(root)

    broken = '{"name": nothing}'
    if not json.cJSON_Parse(broken):
        print("refused at", repr(json.memory.string(json.cJSON_GetErrorPtr()).decode()))
    print(json.cJSON_Parse("[" * 100_000) or "refused: too deep")
