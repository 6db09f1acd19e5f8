"""Run the server: `python -m mcp_servers.instagram`."""

from mcp_servers.serve import main

if __name__ == "__main__":
    main("instagram")
