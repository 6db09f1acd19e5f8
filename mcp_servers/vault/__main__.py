"""Run the server: `python -m mcp_servers.vault`."""

from mcp_servers.serve import main

if __name__ == "__main__":
    main("vault")
