"""The JSON Schemas of all that is read and written, drawn from the model. ``python -m tools.schemas`` writes them anew.

`blocks` is what schemas are made of. `workspace` and `declarations` are the files that are read; `documents` and
`ledgers` are the documents that are written, with the `parts` that several of them hold; `openapi` is what the twin
answers. Enumerations and defaults come from the model; descriptions and examples stand here.
"""
