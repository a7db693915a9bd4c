"""The JSON Schemas of all files and documents, generated from the model. ``python -m tools.schemas`` writes them.

`blocks` are the building blocks. `workspace` and `declarations` are the schemas of input files. `documents` and
`ledgers` are those of output documents, and `parts` is what several documents share. `openapi` describes the twin's
API. Enumerations and defaults come from the model; descriptions and examples stand here.
"""
