// For `node --require`: servers that would listen on every interface listen on loopback. Node.js 18, Debian's, also
// gets the global that newer ones have.
const net = require("node:net");

globalThis.crypto ??= require("node:crypto").webcrypto;

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, port, "127.0.0.1", ...rest);
};
