// A short message centre (npm smpp) on loopback. The last three digits of a number say what it does with a text:
// 0xx answers with status xx (decimal), 900 never answers, 901 hangs up unanswered, 555 is told three times that it
// comes too fast, the rest are taken.
// Every event is a line of JSON on standard output; a line on standard input is a deliver_sm for all receivers.
const smpp = require("smpp");
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const receivers = new Set();
const slow = new Set();
let taken = 0;

function status(destination) {
  const wish = destination.slice(-3);
  return wish[0] === "0" ? Number(wish) : Number(wish) >= 900 ? wish : 0;
}

const server = smpp.createServer((session) => {
  const bind = (kind) => (pdu) => {
    if (pdu.password !== "secret") {
      session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
      return session.close();
    }
    session.send(pdu.response({ system_id: "smsc" }));
    if (kind !== "TX") receivers.add(session);
    say({ event: "bound", kind });
  };
  session.on("bind_transceiver", bind("TRX"));
  session.on("bind_transmitter", bind("TX"));
  session.on("bind_receiver", bind("RX"));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => { session.send(pdu.response()); session.close(); });
  session.on("close", () => receivers.delete(session));
  session.on("error", () => receivers.delete(session));
  session.on("submit_sm", (pdu) => {
    const wish = status(pdu.destination_addr);
    const id = `m${++taken}`;
    const { source_addr, source_addr_ton, destination_addr, dest_addr_ton, esm_class, data_coding } = pdu;
    const { udh, message } = pdu.short_message;
    const text = Buffer.isBuffer(message) ? message.toString("hex") : message;
    const header = udh ? udh.map((one) => one.toString("hex")) : null;
    const asked = pdu.registered_delivery;
    say({ event: "text", at: Date.now(), id, wish, source_addr, source_addr_ton, destination_addr, dest_addr_ton, esm_class, data_coding, asked, header, text });
    if (wish === "900") return;
    if (wish === "901") return session.destroy();
    if (pdu.destination_addr.endsWith("555") && slow.size < 3) {
      slow.add(id);
      return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    }
    session.send(pdu.response(wish ? { command_status: wish } : { message_id: id }));
  });
});
server.listen(Number(process.argv[2] || 0), "127.0.0.1", () => say({ event: "listening", port: server.address().port }));
process.on("uncaughtException", (error) => say({ event: "error", error: String(error) }));

require("readline").createInterface({ input: process.stdin })
  .on("line", (line) => {
    const what = JSON.parse(line, (name, value) => (Array.isArray(value) ? Buffer.from(value) : value));
    for (const session of receivers) {
      session.deliver_sm(what, (pdu) => say({ event: "acknowledged", status: pdu.command_status }));
    }
  })
  .on("close", () => process.exit(0));
