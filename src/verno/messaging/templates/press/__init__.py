"""The press: a process of its own, short of memory and time, in which templates are compiled and rendered.

Fuel stops loops, but not memory: what an engine in Rust cannot allocate ends its whole process. So what people wrote is
never compiled or run where anything else lives (docs/adr/0028-templates.md).
"""
