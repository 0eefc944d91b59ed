"""`python -m sameset_flows` is `sameset-flows`."""

from __future__ import annotations

from sameset_flows.cli import main

if __name__ == "__main__":
    main()
