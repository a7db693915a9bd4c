"""Declarations: bytes of YAML files → values with places, and findings.

``load_workspace`` reads ``reconcile.yaml`` (`workspace_file`, `freezes`), ``load_declarations`` tenant and set files of
an environment (`declaration_files`, `globs`). Both return values and findings, and never raise for what a file holds.
In `files` each file is decoded (`file_text`), read by the events of the YAML parser (`yaml_reader`, `scalars`; findings
from `yaml_findings` and `syntax`) and checked against its schema (`schema_check`; `schema_wording` words what does not
fit); `ignore_comments` finds the comments that silence rules. `locate` finds the line and column of a value only
when a finding needs it. `engine.resolve` continues from there, and uses the same ``Declarations.locate``.
"""

from reconcile.declare.declaration_files import load_declarations
from reconcile.declare.workspace_file import WORKSPACE_FILE, load_workspace

__all__ = ["WORKSPACE_FILE", "load_declarations", "load_workspace"]
