"""Sends a mail that needs approval with the official MCP client, which is led to the page of the approval.

open_page.py MODE URL                             with the token in the environment as BEARER

MODE is the client's: `auto` for the newer protocol, `legacy` for the older one. The page's URL is printed, a line is
read, and only then the client says that the page was opened.
"""

import asyncio
import os
import sys

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.types import ElicitResult

LETTER = {"to": ["bob@example.org"], "subject": "Plans", "body": "Dear Bob,\n\nhere they are."}


async def open_page(context, params):
    if params.mode != "url" or "Plans" in params.message or "bob" in params.message:
        print(f"asked: {params}", file=sys.stderr)
        sys.exit(1)
    print(f"page {params.url}", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    return ElicitResult(action="accept")


async def main(mode, url):
    headers = {"Authorization": f"Bearer {os.environ['BEARER']}"}
    async with create_mcp_http_client(headers=headers) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode, elicitation_callback=open_page) as client:
            print(f"protocol {client.protocol_version}", flush=True)
            result = await client.call_tool("mail_send", LETTER)
            if result.is_error:
                print(result.content, file=sys.stderr)
                sys.exit(1)
            print(f"status {result.structured_content['status']}", flush=True)


asyncio.run(main(*sys.argv[1:]))
