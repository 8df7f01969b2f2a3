// The bot API's emulator (npm telegram-test-api). A line on standard input is what its one user does: {"do": "says" |
// "presses" | "shows", …}; what the bot has sent, and what it was told of, comes back as lines of JSON.
const TelegramServer = require("telegram-test-api");
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const token = "1:token";
const probe = require("net").createServer().listen(0, "127.0.0.1", () => {
  const { port } = probe.address();
  probe.close(async () => {
    const server = new TelegramServer({ port, host: "127.0.0.1" });
    await server.start();
    const client = server.getClient(token, { userId: 77, chatId: 77, timeout: 2000 });
    const act = {
      says: ({ text }) => client.sendMessage(client.makeMessage(text)),
      starts: ({ text }) => client.sendCommand(client.makeCommand(text)),
      presses: ({ data }) => client.sendCallback(client.makeCallbackQuery(data, { message: { message_id: 5 } })),
      shows: async () => say({ event: "shown", messages: (await client.getUpdatesHistory()).map((one) => one.message) }),
    };
    require("readline").createInterface({ input: process.stdin })
      .on("line", (line) => { const what = JSON.parse(line); act[what.do](what).catch((error) => say({ event: "error", error: String(error) })); })
      .on("close", () => process.exit(0));
    say({ event: "listening", port });
  });
});
