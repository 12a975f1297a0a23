"""Connects with the official MCP client the way a program of somebody else does that was given nothing but a URL.

connect.py MODE URL

It registers, or, with a CERTIFICATE and its KEY, serves a document over https that says who it is. It has the person asked by the program that BROWSER names, lists tools and calls one, has its token
renewed, is revoked by the program that REVOKE names, and must then be refused. MODE is the client's: `auto` for the
newer protocol, `legacy` for the older one.
"""

import asyncio
import json
import os
import ssl
import sys
from urllib.parse import parse_qs, urlsplit

from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata


class Storage:
    """What a client keeps of its registration and tokens."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class Callback:
    """Where the person's browser is sent back to."""

    async def __aenter__(self):
        self.answer = asyncio.get_running_loop().create_future()
        self.server = await asyncio.start_server(self.take, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/callback"
        self.asked = 0
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def take(self, reader, writer):
        target = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\nYou may close this.")
        await writer.drain()
        writer.close()
        if target.startswith("/callback") and not self.answer.done():
            self.answer.set_result({name: values[0] for name, values in parse_qs(urlsplit(target).query).items()})

    async def open(self, url):
        self.asked += 1
        if self.asked > 1:
            raise PermissionError("the person is asked again")
        opened = await asyncio.create_subprocess_exec(os.environ["BROWSER"], url)
        if await opened.wait() != 0:
            raise RuntimeError("the person did not allow it")

    async def wait(self):
        answer = await asyncio.wait_for(self.answer, 30)
        if "error" in answer:
            raise RuntimeError(answer)
        return AuthorizationCodeResult(code=answer["code"], state=answer["state"], iss=answer["iss"])


class Document:
    """What the client says of itself at the URL that is its id; without a certificate there is none."""

    def __init__(self, metadata):
        self.metadata = metadata
        self.url = None
        self.asked = 0

    async def __aenter__(self):
        if "CERTIFICATE" in os.environ:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(os.environ["CERTIFICATE"], os.environ["KEY"])
            self.server = await asyncio.start_server(self.take, "127.0.0.1", 0, ssl=context)
            self.url = f"https://localhost:{self.server.sockets[0].getsockname()[1]}/client.json"
        return self

    async def __aexit__(self, *_):
        if self.url:
            self.server.close()

    async def take(self, reader, writer):
        target = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        said = json.loads(self.metadata.model_dump_json(exclude_none=True))
        said |= {"client_id": self.url, "token_endpoint_auth_method": "none"}
        body = json.dumps(said).encode()
        status = "200 OK" if target == "/client.json" else "404 Not Found"
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()
        self.asked += 1


async def call(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        raise RuntimeError(f"{tool}: {result.content}")
    return result.structured_content


async def main(mode, url):
    storage = Storage()
    async with Callback() as callback:
        metadata = OAuthClientMetadata(client_name="connect.py", redirect_uris=[callback.url])
        try:
            async with Document(metadata) as document:
                auth = OAuthClientProvider(
                    url, metadata, storage, callback.open, callback.wait, client_metadata_url=document.url
                )
                async with create_mcp_http_client(auth=auth) as http:
                    async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
                        await use(client, auth, storage)
        except BaseException as error:
            if callback.asked < 2 or not is_about("the person is asked again", error):
                raise
            print("refused")
        if document.url:
            print(f"named by its document {storage.client.client_id == document.url}")
            print(f"documents asked for {document.asked}")


def is_about(words, error):
    """Whether the words stand in an error, in a group of them, or in what caused it."""
    parts = [*getattr(error, "exceptions", []), error.__cause__, error.__context__]
    return words in str(error) or any(is_about(words, part) for part in parts if part)


async def use(client, auth, storage):
    print(f"protocol {client.protocol_version}")
    tools = [tool.name for tool in (await client.list_tools()).tools]
    print(f"tools {' '.join(sorted(tools))}")
    print(f"scopes {storage.tokens.scope}")
    print(f"accounts {len((await call(client, 'mail_accounts'))['accounts'])}")
    before = storage.tokens
    auth.context.token_expiry_time = 1
    await call(client, "mail_folders")
    is_new = storage.tokens.access_token != before.access_token
    is_rotated = storage.tokens.refresh_token != before.refresh_token
    print("renewed" if is_new and is_rotated else "not renewed")
    revoked = await asyncio.create_subprocess_exec(os.environ["REVOKE"])
    if await revoked.wait() != 0:
        raise RuntimeError("not revoked")
    await call(client, "mail_folders")
    print("not refused")


asyncio.run(main(*sys.argv[1:]))
