// A mail server (npm smtp-server) on loopback that takes everything but what comes to nobody@…: 550 5.1.1.
const { SMTPServer } = require("smtp-server");
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ["STARTTLS", "AUTH"],
  onRcptTo(address, session, done) {
    if (!address.address.startsWith("nobody@")) return done();
    const error = new Error("5.1.1 <" + address.address + ">: there is no such mailbox");
    error.responseCode = 550;
    done(error);
  },
  onData(stream, session, done) {
    const parts = [];
    stream.on("data", (part) => parts.push(part));
    stream.on("end", () => {
      const { mailFrom, rcptTo } = session.envelope;
      say({ event: "letter", from: mailFrom.address, to: rcptTo.map((one) => one.address), raw: Buffer.concat(parts).toString("latin1") });
      done();
    });
  },
});
server.listen(0, "127.0.0.1", () => say({ event: "listening", port: server.server.address().port }));
process.stdin.on("close", () => process.exit(0)).resume();
