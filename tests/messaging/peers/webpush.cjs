// Push services (npm web-push-testing) on a free port of loopback, without its keeper of pid files.
const { PushApiModel } = require("web-push-testing/src/PushApiModel.js");
const WebPushTestingServer = require("web-push-testing/src/server.js");
const probe = require("net").createServer().listen(0, "127.0.0.1", () => {
  const { port } = probe.address();
  probe.close(() => {
    const log = console.log;
    console.log = (...words) => console.error(...words);
    const Server = WebPushTestingServer.WebPushTestingServer || WebPushTestingServer;
    const server = new Server(new PushApiModel(), port);
    server.startServer();
    server._server.on("listening", () => log(JSON.stringify({ event: "listening", port })));
  });
});
process.stdin.on("close", () => process.exit(0)).resume();
