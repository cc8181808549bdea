// The package's own server listens on every address of the machine: tests keep it on loopback.
import net from "node:net";

const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, port, "127.0.0.1", ...rest);
};
