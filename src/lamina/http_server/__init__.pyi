from lamina.http_server.asgi import App as App
from lamina.http_server.asgi import Receive as Receive
from lamina.http_server.asgi import Scope as Scope
from lamina.http_server.asgi import Send as Send
from lamina.http_server.asgi import header_values as header_values
from lamina.http_server.listening import LOOPBACK as LOOPBACK
from lamina.http_server.listening import listen as listen
from lamina.http_server.running import run as run
