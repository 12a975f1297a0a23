"""Sends a mail that needs approval with the official MCP client, and answers the question for the person.

send_mail.py MODE ANSWER stdio PROGRAM [NAME=VALUE ...]
send_mail.py MODE ANSWER http URL                 with the token in the environment as BEARER

MODE is the client's: `auto` for the newer protocol, `legacy` for the older one. ANSWER is `accept`, `decline` or
`cancel`.
"""

import asyncio
import os
import sys

from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.types import ElicitResult

LETTER = {
    "to": ["Bob <bob@example.org>"],
    "bcc": ["carla@example.org"],
    "subject": "Plans",
    "body": "Dear Bob,\n\nhere they are.",
}


async def send_mail(transport, mode, action):
    asked = []

    async def answer(context, params):
        asked.append(params.message)
        content = {"approve": True} if action == "accept" else None
        return ElicitResult(action=action, content=content)

    async with Client(transport, mode=mode, elicitation_callback=answer) as client:
        print(f"protocol {client.protocol_version}")
        result = await client.call_tool("mail_send", LETTER)
        if result.is_error:
            print(result.content, file=sys.stderr)
            sys.exit(1)
        told = result.structured_content
        if len(asked) != 1 or "carla@example.org" not in asked[0] or "Plans" not in asked[0]:
            print(f"asked: {asked}", file=sys.stderr)
            sys.exit(1)
        print(f"status {told['status']}")


async def main(mode, action, transport, where, *variables):
    if transport == "stdio":
        environment = dict(variable.split("=", 1) for variable in variables)
        server = StdioServerParameters(command=where, args=["stdio"], env=environment)
        await send_mail(server, mode, action)
    else:
        headers = {"Authorization": f"Bearer {os.environ['BEARER']}"}
        async with create_mcp_http_client(headers=headers) as http:
            await send_mail(streamable_http_client(where, http_client=http), mode, action)


asyncio.run(main(*sys.argv[1:]))
