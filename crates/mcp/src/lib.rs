//! The door for machines that ask for mail: MCP over HTTP and stdio.
