"""Reads mail with the official MCP client, as a program of somebody else would.

read_mail.py MODE stdio PROGRAM [NAME=VALUE ...]
read_mail.py MODE http URL                        with the token in the environment as BEARER

MODE is the client's: `auto` for the newer protocol, `legacy` for the older one.
"""

import asyncio
import os
import sys
from base64 import b64decode

from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.types import ResourceTemplateReference

TOOLS = [
    "mail_accounts",
    "mail_attachment",
    "mail_folders",
    "mail_invite",
    "mail_people",
    "mail_read",
    "mail_search",
    "mail_thread",
]


def fail(what, value):
    print(f"{what}: {value}", file=sys.stderr)
    sys.exit(1)


async def call(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        fail(tool, result.content)
    return result.structured_content


async def read_mail(client):
    print(f"protocol {client.protocol_version}")
    tools = sorted(tool.name for tool in (await client.list_tools()).tools)
    if tools != TOOLS:
        fail("tools", tools)
    accounts = (await call(client, "mail_accounts"))["accounts"]
    if len(accounts) != 1:
        fail("accounts", accounts)
    folders = (await call(client, "mail_folders"))["folders"]
    if not any(folder.get("role") == "inbox" and folder["total"] > 100 for folder in folders):
        fail("folders", folders)
    found = await call(client, "mail_search", query="has:attachment", limit=3)
    ids = [row["id"] for row in found["messages"]]
    messages = (await call(client, "mail_read", ids=ids))["messages"]
    if [message["id"] for message in messages] != ids or not all(m.get("attachments") for m in messages):
        fail("messages", messages)
    conversation = (await call(client, "mail_thread", id=ids[0]))["messages"]
    if ids[0] not in [message["id"] for message in conversation]:
        fail("conversation", conversation)
    listed = messages[0]["attachments"][0]
    file = await call(client, "mail_attachment", id=ids[0], index=listed["index"], **{"as": "base64"})
    if file["name"] != listed["name"] or len(b64decode(file["data"])) != file["size"]:
        fail("attachment", file)
    people = (await call(client, "mail_people"))["people"]
    if not people or not all("@" in person["address"] for person in people):
        fail("people", people)
    wrong = await client.call_tool("mail_search", {"query": "frobnicate:x"})
    if not wrong.is_error or "[bad_query]" not in wrong.content[0].text:
        fail("an unknown operator", wrong)
    await read_resources(client, accounts[0]["name"])
    await read_prompts(client)
    await complete_account(client, accounts[0]["name"])
    print(f"read {len(messages)} messages")


async def read_resources(client, account):
    resources = [str(resource.uri) for resource in (await client.list_resources()).resources]
    if "mail://accounts" not in resources:
        fail("resources", resources)
    templates = [template.uri_template for template in (await client.list_resource_templates()).resource_templates]
    if "mail://{account}/folders" not in templates:
        fail("templates", templates)
    for uri in resources:
        contents = (await client.read_resource(uri)).contents
        if not contents or account not in contents[0].text:
            fail(uri, contents)


async def read_prompts(client):
    prompts = [prompt.name for prompt in (await client.list_prompts()).prompts]
    if "triage_inbox" not in prompts:
        fail("prompts", prompts)
    if not (await client.get_prompt("triage_inbox")).messages:
        fail("triage_inbox", prompts)


async def complete_account(client, account):
    folders = ResourceTemplateReference(uri="mail://{account}/folders")
    completed = await client.complete(folders, {"name": "account", "value": account[0]})
    if account not in completed.completion.values:
        fail("completion", completed)


async def main(mode, transport, where, *variables):
    if transport == "stdio":
        environment = dict(variable.split("=", 1) for variable in variables)
        server = StdioServerParameters(command=where, args=["stdio"], env=environment)
        async with Client(server, mode=mode) as client:
            await read_mail(client)
    else:
        headers = {"Authorization": f"Bearer {os.environ['BEARER']}"}
        async with create_mcp_http_client(headers=headers) as http:
            async with Client(streamable_http_client(where, http_client=http), mode=mode) as client:
                await read_mail(client)


asyncio.run(main(*sys.argv[1:]))
