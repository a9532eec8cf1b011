"""Programs and libraries of Debian that use asyncio in earnest, and traffic for them.

None of them is changed.  A library needs a program around it: those are in apps/.
"""
import email.message
import http.client
import os
import smtplib
import socket
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
APPS = os.path.join(HERE, "apps")
PATHS = ("hello", "slow", "fan", "timeout", "stream", "hello?name=x")
START_SECONDS = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Traffic:
    """Threads that call turn(number) again and again; counts the turns that ended well."""

    def __init__(self, turn, threads=6):
        self.count = 0
        self.failed = None
        self._turn = turn
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True)
                         for number in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self, number):
        while not self._stop.is_set():
            try:
                self._turn(number + self.count)
                self.count += 1
            except (OSError, http.client.HTTPException, smtplib.SMTPException) as error:
                self.failed = error             # the program was stopped, or ended
                time.sleep(0.05)

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(10)


class App:
    """One program: what it needs, how it is started, who talks to it."""

    name = module = package = None

    def __init__(self, python):
        self.python = python
        self.port = free_port()
        self.helpers = []

    def command(self):
        raise NotImplementedError

    def turn(self, number):
        raise NotImplementedError

    def before(self):
        """Starts what the program needs."""

    def start_traffic(self):
        return Traffic(self.turn)

    def close(self):
        for helper in self.helpers:
            helper.kill()
            helper.wait()

    def missing(self):
        if subprocess.call([self.python, "-c", "import " + self.module], cwd=APPS,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) != 0:
            return "Debian's %s is not installed" % self.package
        return None

    def _get(self, path, port=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=10)
        try:
            for _ in range(2):                  # the second on the same connection
                connection.request("GET", path, headers=headers or {})
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    raise OSError("%s: status %d" % (path, response.status))
        finally:
            connection.close()


class Aiohttp(App):
    name, module, package = "aiohttp", "aiohttp.web", "python3-aiohttp"

    def command(self):
        return ["-m", "aiohttp.web", "-H", "127.0.0.1", "-P", str(self.port), "aiohttp_app:init"]

    def turn(self, number):
        self._get("/" + PATHS[number % len(PATHS)])


class Uvicorn(App):
    name, module, package = "uvicorn", "uvicorn, starlette", "python3-uvicorn, python3-starlette"

    def command(self):
        return ["-m", "uvicorn", "--log-level", "warning", "--port", str(self.port),
                "asgi_app:app"]

    def turn(self, number):
        paths = PATHS + ("background", "blocking", "pool")
        self._get("/" + paths[number % len(paths)])


class Hypercorn(Uvicorn):
    name, module = "hypercorn", "hypercorn, starlette"
    package = "python3-hypercorn, python3-starlette"

    def command(self):
        # One process: its workers are processes of their own otherwise.
        return ["-c", "import asyncio, hypercorn.asyncio, hypercorn.config, asgi_app\n"
                "config = hypercorn.config.Config()\n"
                "config.bind = ['127.0.0.1:%d']\n"
                "asyncio.run(hypercorn.asyncio.serve(asgi_app.app, config))" % self.port]


class Aiosmtpd(App):
    name, module, package = "aiosmtpd", "aiosmtpd.smtp", "python3-aiosmtpd"

    def command(self):
        return ["-m", "aiosmtpd", "-n", "-l", "127.0.0.1:%d" % self.port]

    def turn(self, number):
        message = email.message.EmailMessage()
        message["Subject"] = "turn %d" % number
        message.set_content("text\n" * 100)
        with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as server:
            server.send_message(message, "a@example.org", ["b@example.org"])


class Websockets(App):
    name, module, package = "websockets", "websockets", "python3-websockets"

    def command(self):
        return ["websockets_server.py", str(self.port)]

    def start_traffic(self):
        client = subprocess.Popen(
            [self.python, "websockets_client.py", "ws://127.0.0.1:%d" % self.port], cwd=APPS,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.helpers.append(client)
        traffic = Traffic(lambda number: time.sleep(0.1), 1)
        if client.stdout.readline() == b"TALKING\n":
            traffic.count += 100
        client.stdout.close()
        return traffic


class WebsocketsOfUvicorn(Uvicorn):
    """Long-lived WebSocket connections, which uvicorn serves by the library above."""

    name, module = "uvicorn-websockets", "uvicorn, starlette, websockets"
    package = "python3-uvicorn, python3-starlette, python3-websockets"

    def start_traffic(self):
        self.helpers.append(subprocess.Popen(
            [self.python, "websockets_client.py", "ws://127.0.0.1:%d/ws" % self.port], cwd=APPS,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return super().start_traffic()


class Mitmproxy(App):
    """A proxy, through which the aiohttp application is asked."""

    name, module, package = "mitmproxy", "mitmproxy.tools.main, aiohttp", "mitmproxy"

    def before(self):
        self.inner = Aiohttp(self.python)
        self.helpers.append(subprocess.Popen(
            [self.python] + self.inner.command(), cwd=APPS, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL))
        wait_for_port(self.inner.port, self.helpers[-1])

    def command(self):
        return ["-c", "import mitmproxy.tools.main as main; main.mitmdump()", "-q",
                "--listen-host", "127.0.0.1", "-p", str(self.port), "--set", "confdir=."]

    def turn(self, number):
        self._get("http://127.0.0.1:%d/%s" % (self.inner.port, PATHS[number % len(PATHS)]))


class Jupyter(App):
    """The notebook server, without kernels."""

    name, module, package = "jupyter-server", "jupyter_server", "jupyter-server"

    def command(self):
        return ["-m", "jupyter_server", "--allow-root", "--no-browser", "--ip=127.0.0.1",
                "--port=%d" % self.port, "--ServerApp.token=", "--ServerApp.password=",
                "--log-level=ERROR"]

    def turn(self, number):
        self._get(("/api", "/api/status", "/api/contents", "/api/kernelspecs")[number % 4])


ALL = (Aiohttp, Uvicorn, Hypercorn, Aiosmtpd, Websockets, WebsocketsOfUvicorn, Mitmproxy, Jupyter)


def wait_for_port(port, process):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False
