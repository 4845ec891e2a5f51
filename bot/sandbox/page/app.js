/*
 * The sandbox's chat page: a Discord client for one loopback server, in plain JavaScript.
 *
 * Over 300 lines because the page is one HTML, one CSS and one JS file without a build step, served and read as it is.
 * Top to bottom: small tools, state, link to the server, permissions, Markdown, floating things, attachments and embeds,
 * components, messages, composer, columns, the side, events.
 *
 * Texts of members and bots reach the page only as text nodes and checked attributes; nothing is ever parsed as HTML.
 */

// ---------------------------------------------------------------------------------------------------- small tools

/** An element. `on...` properties are listeners, true is an empty attribute, null and false are left out. */
function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const ICONS = {
  reply: ["M9 14 4 9l5-5", "M4 9h9a7 7 0 0 1 7 7v4"],
  forward: ["m15 14 5-5-5-5", "M20 9h-9a7 7 0 0 0-7 7v4"],
  more: ["M5 12h.01", "M12 12h.01", "M19 12h.01"],
  edit: ["M4 20h4L19 9l-4-4L4 16z"],
  trash: ["M4 7h16", "M9 7V4h6v3", "M6 7l1 13h10l1-13"],
  close: ["M6 6l12 12", "M18 6 6 18"],
  plus: ["M12 5v14", "M5 12h14"],
  send: ["M4 12 20 4l-5 16-4-6z"],
  file: ["M6 3h8l4 4v14H6z", "M14 3v4h4"],
  poll: ["M5 20V10", "M12 20V4", "M19 20v-7"],
  thread: ["M4 5h16v10H9l-5 5z"],
  app: ["M5 5h5v5H5z", "M14 5h5v5h-5z", "M5 14h5v5H5z", "M14 14h5v5h-5z"],
  down: ["m6 9 6 6 6-6"],
  tick: ["m5 13 4 4L19 7"],
  eye: ["M2 12c3-5 6-7 10-7s7 2 10 7c-3 5-6 7-10 7s-7-2-10-7z", "M12 10.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3"],
  people: ["M8 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z", "M2 20c0-4 3-6 6-6s6 2 6 6", "M16 5a3 3 0 0 1 0 6", "M17 14c3 0 5 2 5 6"],
  copy: ["M9 9h11v11H9z", "M5 15H4V4h11v1"],
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const d of ICONS[name]) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

function iconButton(name, label, run, extra) {
  return h("button", { type: "button", class: "plain icon-only", "aria-label": label, title: label, onclick: run, ...extra }, icon(name));
}

let lastNumber = 0;
const unique = (stem) => `${stem}-${++lastNumber}`;

/** Snowflakes are longer than JavaScript's whole numbers: compared as text, the longer one is the larger. */
const older = (one, other) => one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);

const narrow = window.matchMedia("(max-width: 760px)");
const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;

/** A small memory that survives a reload; a browser that forbids it only forgets. */
const memory = {
  get(key) {
    try { return JSON.parse(localStorage.getItem(`sandbox.${key}`)); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(`sandbox.${key}`, JSON.stringify(value)); } catch { /* Then it is forgotten. */ }
  },
};

const clockTime = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

function timeNode(iso, props, format) {
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  const text = format === "short" || today ? clockTime.format(date) : `${shortDate.format(date)}, ${clockTime.format(date)}`;
  return h("time", { datetime: iso, title: fullTime.format(date), ...props }, text);
}

/** A role's or accent's colour as CSS, lightened until it can be read on the dark ground. */
function readable(colour) {
  let [red, green, blue] = [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255];
  const light = () => 0.2126 * (red / 255) ** 2.2 + 0.7152 * (green / 255) ** 2.2 + 0.0722 * (blue / 255) ** 2.2;
  while (light() < 0.25) [red, green, blue] = [red, green, blue].map((part) => Math.min(255, part + 12));
  return `rgb(${red} ${green} ${blue})`;
}

function avatar(id, name, size = "") {
  // Steps of the golden angle keep the colours of neighbouring ids apart.
  const hue = Number(BigInt(id || 0) % 100003n) * 137.5 % 360;
  const node = h("span", { class: `avatar ${size}`, "aria-hidden": "true" }, [...name][0]?.toUpperCase() ?? "?");
  node.style.background = `hsl(${hue} 62% 70%)`;
  return node;
}

/** The address to open for `url`: web addresses only, null for everything else. */
function webAddress(url) {
  try {
    const address = new URL(url);
    return address.protocol === "http:" || address.protocol === "https:" ? address : null;
  } catch {
    return null;
  }
}

/** The path under which this page's own port serves a file of Discord's CDN, null for any other address. */
function servedHere(url) {
  const address = webAddress(url);
  const cdn = address !== null && ["cdn.discordapp.com", "media.discordapp.net"].includes(address.hostname);
  return cdn && address.pathname.startsWith("/attachments/") ? address.pathname : null;
}

const JUMP = /^https:\/\/(?:www\.|ptb\.|canary\.)?discord\.com\/channels\/(\d+|@me)\/(\d+)(?:\/(\d+))?$/;

/** A link; one to a message of this server leads to it on this page. */
function link(url, children, props) {
  const address = webAddress(url);
  if (address === null) return h("span", props, children);
  const jump = JUMP.exec(url);
  const here = jump !== null && state.channels.has(jump[2]);
  return h("a", {
    href: address.href,
    target: "_blank",
    rel: "noopener noreferrer",
    title: here ? "Show this message" : address.href,
    ...props,
    onclick: (event) => {
      if (!here) return;
      event.preventDefault();
      showMessage(jump[2], jump[3]);
    },
  }, children);
}

// ---------------------------------------------------------------------------------------------------- state

const DM = 1, CATEGORY = 4, FORUM = 15;
const EPHEMERAL = 1 << 6, LOADING = 1 << 7, COMPONENTS_V2 = 1 << 15;

/** What the server told, and what the visitor chose. `hidden`: ephemeral messages with the member who sees them. */
const state = {
  guild: { id: "", name: "" },
  bot: { id: "", name: "", online: false },
  channels: new Map(),
  members: new Map(),
  roles: new Map(),
  commands: [],
  messages: new Map(),
  hidden: new Map(),
  gone: new Set(),
  failures: new Map(),
  me: "",
  open: new Set(),
  active: "",
  unread: new Map(),
  editing: null,
};

const me = () => state.members.get(state.me);
const memberName = (id) => state.members.get(id)?.name;
const isThread = (channel) => channel.type === 10 || channel.type === 11 || channel.type === 12;
const isShown = (channelId) => (narrow.matches ? state.active === channelId : state.open.has(channelId));

function channelTitle(channel) {
  if (channel.type !== DM) return channel.name;
  const others = channel.recipient_ids.filter((id) => id !== state.me);
  return others.map((id) => memberName(id) ?? "somebody").join(", ");
}

/** Channels in the order in which they are listed: the server's, each with its threads, then the member's own DMs. */
function listedChannels() {
  const all = [...state.channels.values()];
  const top = all.filter((channel) => channel.guild_id && !isThread(channel) && channel.type !== CATEGORY);
  top.sort((one, other) => one.position - other.position || older(one.id, other.id));
  const threads = (parent) => all.filter((channel) => isThread(channel) && channel.parent_id === parent.id);
  const direct = all.filter((channel) => channel.type === DM && channel.recipient_ids.includes(state.me));
  return [...top.flatMap((channel) => [channel, ...threads(channel)]), ...direct];
}

/** The messages of a channel as the acting member sees them, oldest first. */
function seenMessages(channelId) {
  const all = [...(state.messages.get(channelId)?.values() ?? [])];
  for (const { userId, message } of state.hidden.values()) {
    if (message.channel_id === channelId && userId === state.me) all.push(message);
  }
  return all.sort((one, other) => older(one.id, other.id));
}

function findMessage(channelId, messageId) {
  return state.messages.get(channelId)?.get(messageId) ?? state.hidden.get(messageId)?.message;
}

// ---------------------------------------------------------------------------------------------------- the link

/** The websocket: requests with answers, events, and a new try by itself when the server goes away. */
const server = {
  socket: null,
  number: 0,
  waiting: new Map(),
  tries: 0,
  lost: false,

  connect() {
    const socket = new WebSocket(`ws://${location.host}/page/ws`);
    this.socket = socket;
    socket.onmessage = (frame) => this.take(JSON.parse(frame.data));
    socket.onclose = () => {
      for (const { fail } of this.waiting.values()) fail(new Error("The connection was lost before the sandbox answered."));
      this.waiting.clear();
      this.lost = true;
      drawLink();
      this.tries += 1;
      setTimeout(() => this.connect(), Math.min(4000, 250 * 2 ** this.tries));
    };
  },

  take(message) {
    if (message.event === undefined) {
      const waiting = this.waiting.get(message.reply);
      this.waiting.delete(message.reply);
      if (message.ok) waiting?.done(message.data);
      else waiting?.fail(new Error(message.error));
    } else {
      EVENTS[message.event]?.(message);
    }
  },

  /** What the sandbox answers; rejects with its sentence. */
  ask(what, fields) {
    return new Promise((done, fail) => {
      if (this.socket?.readyState !== WebSocket.OPEN) {
        fail(new Error("The sandbox is not reachable right now; this page keeps trying."));
        return;
      }
      const id = ++this.number;
      this.waiting.set(id, { done, fail });
      this.socket.send(JSON.stringify({ id, do: what, as: state.me, ...fields }));
    });
  },
};

/** Ask, and show the sentence of a refusal; what was answered, undefined where it was refused. */
async function tried(what, fields) {
  try {
    return await server.ask(what, fields);
  } catch (refusal) {
    complain(refusal.message);
    return undefined;
  }
}

function toast(text, { bad = false, action = null } = {}) {
  const node = h("div", { class: bad ? "toast bad" : "toast" }, h("span", null, text));
  const button = action && h("button", { type: "button", onclick: () => { node.remove(); action.run(); } }, action.label);
  node.append(...(button ? [button] : []));
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), bad ? 8000 : 6000);
}

function complain(sentence) {
  const denied = /Missing (Access|Permissions)/.test(sentence);
  const moderator = denied && !may(me(), MODERATE) ? findModerator() : null;
  toast(denied ? `${me().name} may not do this (${sentence}).` : sentence, {
    bad: true,
    action: moderator && { label: `Speak as ${moderator.name}`, run: () => speakAs(moderator.id) },
  });
}

// ---------------------------------------------------------------------------------------------------- permissions

const ADMINISTRATOR = 1n << 3n, VIEW = 1n << 10n, SEND = 1n << 11n, MANAGE_MESSAGES = 1n << 13n;
const SEND_IN_THREADS = 1n << 38n, CREATE_THREADS = 1n << 35n, MODERATE = 1n << 40n, ALL = (1n << 53n) - 1n;

const may = (member, bits) => (BigInt(member.permissions) & (bits | ADMINISTRATOR)) !== 0n;
const timedOutUntil = (member) => {
  const until = member?.communication_disabled_until ? new Date(member.communication_disabled_until) : null;
  return until !== null && until > new Date() ? until : null;
};

/** What a member may do in a channel, as Discord computes it: roles, then the channel's overwrites. */
function permissionsIn(channel, member) {
  if (channel.type === DM) return channel.recipient_ids.includes(member.id) ? VIEW | SEND : 0n;
  let held = BigInt(member.permissions);
  if (held & ADMINISTRATOR) return ALL;
  const place = isThread(channel) ? state.channels.get(channel.parent_id) ?? channel : channel;
  const overwrites = place.permission_overwrites ?? [];
  const roleIds = [...state.roles.values()].filter((role) => member.roles.includes(role.name)).map((role) => role.id);
  for (const ids of [[state.guild.id], roleIds, [member.id]]) {
    const chosen = overwrites.filter((overwrite) => ids.includes(overwrite.id));
    for (const overwrite of chosen) held &= ~BigInt(overwrite.deny);
    for (const overwrite of chosen) held |= BigInt(overwrite.allow);
  }
  return held & VIEW ? held : 0n;
}

const canSee = (channel, member) => (permissionsIn(channel, member) & VIEW) !== 0n;
const canWrite = (channel, member) =>
  (permissionsIn(channel, member) & (isThread(channel) ? SEND_IN_THREADS : SEND)) !== 0n && silencedUntil(channel, member) === null;

/** A time-out is the server's: direct messages are outside it. */
const silencedUntil = (channel, member) => (channel.type === DM ? null : timedOutUntil(member));

/** Whether a channel is closed to @everyone. */
function isStaff(channel) {
  if (channel.type === DM) return false;
  const everyone = state.roles.get(state.guild.id);
  return everyone !== undefined && !canSee(channel, { id: "", roles: [], permissions: everyone.permissions });
}

const staffChannel = () => listedChannels().find((channel) => isStaff(channel) && !isThread(channel));
const people = () => [...state.members.values()].filter((member) => !member.bot);

/** Who moderates: the humblest member that may, so that the owner is not taken for one. */
function findModerator() {
  const able = people().filter((member) => may(member, MODERATE));
  return able.find((member) => !may(member, ADMINISTRATOR)) ?? able[0] ?? null;
}

/** Commands that the acting member may use there, by type; slash commands flattened to their sub-commands. */
function usableCommands(type, channel) {
  const direct = channel.type === DM;
  return state.commands.filter((command) => {
    if ((command.type ?? 1) !== type) return false;
    if (direct) return command.contexts ? command.contexts.includes(1) : command.dm_permission !== false;
    if (command.contexts && !command.contexts.includes(0)) return false;
    const needed = command.default_member_permissions;
    if (needed === null || needed === undefined) return true;
    const bits = BigInt(needed);
    const held = permissionsIn(channel, me());
    return bits === 0n ? held === ALL : held === ALL || (held & bits) === bits;
  });
}

function slashEntries(channel) {
  const flat = (command, path) => {
    const nested = (command.options ?? []).filter((option) => option.type === 1 || option.type === 2);
    if (nested.length) return nested.flatMap((option) => flat(option, `${path} ${option.name}`));
    return [{ name: path, description: command.description, options: command.options ?? [] }];
  };
  return usableCommands(1, channel).flatMap((command) => flat(command, command.name));
}

// ---------------------------------------------------------------------------------------------------- Markdown

const DEEPEST = 12;

/** Discord's Markdown as DOM nodes. `inline` leaves out what stands at the start of a line: headings, lists, quotes. */
function markdown(text, { inline = false } = {}) {
  const root = h("div", { class: "content", dir: "auto" });
  root.append(...parse(text ?? "", { depth: 0, blocks: !inline, quote: false }));
  return root;
}

function parse(text, place) {
  const nodes = [];
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(document.createTextNode(plain));
    plain = "";
  };
  let at = 0;
  while (at < text.length) {
    const found = place.depth < DEEPEST ? match(text, at, place) : null;
    if (found === null) {
      // Whole runs of ordinary characters at once; the next one may begin a mark.
      const run = /^[^\\`*_~|<>\[\nh:@#\-\d ]+/.exec(text.slice(at, at + 400))?.[0] ?? text[at];
      plain += run;
      at += run.length;
      continue;
    }
    if (typeof found.node === "string") plain += found.node;
    else {
      flush();
      nodes.push(found.node);
    }
    at = found.end;
  }
  flush();
  return nodes;
}

/** The mark that begins at `at`, as {node, end}, or null. */
function match(text, at, place) {
  const lineStart = at === 0 || text[at - 1] === "\n";
  if (place.blocks && lineStart) {
    const block = matchBlock(text, at, place);
    if (block !== null) return block;
  }
  const rules = INLINE[text[at]];
  for (const rule of rules ?? []) {
    const found = rule(text, at, place);
    if (found !== null) return found;
  }
  return null;
}

const deeper = (place, change) => ({ ...place, depth: place.depth + 1, ...change });

function sticky(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

const HEADING = /(#{1,3}) +([^\n]+)(?:\n|$)/y;
const SUBTEXT = /-# +([^\n]+)(?:\n|$)/y;
const QUOTE_REST = />>> ([^]*)/y;
const QUOTE_LINES = /(?:> [^\n]*(?:\n|$))+/y;
const LIST = /(?: {0,8}(?:[-*]|\d{1,9}\.) [^\n]+(?:\n|$))+/y;
const LIST_ITEM = /^( *)([-*]|\d{1,9}\.) (.*)$/;

function matchBlock(text, at, place) {
  let found = sticky(HEADING, text, at);
  if (found) {
    const node = h(`h${found[1].length + 2}`, null, parse(found[2].replace(/ +#+ *$/, ""), deeper(place, { blocks: false })));
    return { node, end: at + found[0].length };
  }
  found = sticky(SUBTEXT, text, at);
  if (found) {
    const node = h("small", { class: "subtext" }, parse(found[1], deeper(place, { blocks: false })));
    return { node, end: at + found[0].length };
  }
  if (!place.quote) {
    found = sticky(QUOTE_REST, text, at) ?? sticky(QUOTE_LINES, text, at);
    if (found) {
      const inner = found[1] ?? found[0].replace(/\n$/, "").replace(/^> /gm, "");
      return { node: h("blockquote", null, parse(inner, deeper(place, { quote: true }))), end: at + found[0].length };
    }
  }
  found = sticky(LIST, text, at);
  return found && { node: list(found[0].replace(/\n$/, "").split("\n"), place), end: at + found[0].length };
}

function list(lines, place) {
  const items = lines.map((line) => LIST_ITEM.exec(line));
  const indent = items[0][1].length;
  const ordered = /\d/.test(items[0][2]);
  const node = h(ordered ? "ol" : "ul", ordered ? { start: Number.parseInt(items[0][2], 10) } : null);
  for (let index = 0; index < lines.length; index += 1) {
    const nested = [];
    const item = h("li", null, parse(items[index][3], deeper(place, { blocks: false })));
    while (index + 1 < lines.length && items[index + 1][1].length > indent) nested.push(lines[++index]);
    if (nested.length && place.depth < DEEPEST) item.append(list(nested, deeper(place, {})));
    node.append(item);
  }
  return node;
}

/** Where `mark` closes what it opened before `from`; -1 where it does not. A backslash takes the next character away. */
function closing(text, from, mark) {
  for (let at = from; at <= text.length - mark.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "`") {
      const code = sticky(CODE, text, at) ?? sticky(CODE_BLOCK, text, at);
      if (code) at += code[0].length - 1;
    } else if (text.startsWith(mark, at) && at > from) {
      const single = mark.length === 1;
      if (!single) {
        // In ***a*** the last two asterisks close the bold one.
        while (text[at + mark.length] === mark[0] && mark[0] === "*") at += 1;
        return at;
      }
      if (text[at + 1] === mark) at += 1;
      else if (!/\s/.test(text[at - 1])) return at;
    }
  }
  return -1;
}

/** A rule for a pair of marks around text. */
function pair(mark, make, fits) {
  return (text, at, place) => {
    if (!text.startsWith(mark, at)) return null;
    const end = closing(text, at + mark.length, mark);
    if (end < 0 || (fits && !fits(text, at, end))) return null;
    const inner = parse(text.slice(at + mark.length, end), deeper(place, { blocks: place.blocks && mark === "||" }));
    return { node: make(inner), end: end + mark.length };
  };
}

const around = (tag) => (inner) => h(tag, null, inner);
const WORD = /[\p{L}\p{N}_]/u;
const atWordEdges = (text, at, end) => !WORD.test(text[at - 1] ?? " ") && !WORD.test(text[end + 1] ?? " ");
const notBeforeSpace = (text, at) => !/[\s*]/.test(text[at + 1] ?? " ");

const CODE_BLOCK = /```(?:([a-zA-Z0-9_+\-.#]*)\n)?\n*([^]*?[^\n])\n*```/y;
const CODE = /(`+)([^]*?[^`])\1(?!`)/y;
const MASKED = /\[((?:\\.|[^\[\]\\]){1,500})\]\(\s*(?:<([^<>\s]{1,2000})>|([^<>\s()]{1,2000}(?:\([^()\s]{0,500}\)[^<>\s()]{0,500})?))(?:\s+"[^"\n]{0,300}")?\s*\)/y;
const BARE = /https?:\/\/[^\s<]+/y;
const ANGLED = /<(https?:\/\/[^\s>]+)>/y;
const MENTION = /<(?:@!?(\d+)|#(\d+)|@&(\d+)|a?:(\w{2,32}):\d+|t:(-?\d{1,13})(?::([tTdDfFR]))?|\/([^:<>\n]{1,100}):\d+)>/y;
const EVERYBODY = /@(?:everyone|here)\b/y;

const INLINE = {
  "\\": [(text, at) => (/[^\p{L}\p{N}\s]/u.test(text[at + 1] ?? "") ? { node: text[at + 1], end: at + 2 } : null)],
  "`": [codeBlock, code],
  "*": [pair("**", around("strong")), pair("*", around("em"), notBeforeSpace)],
  _: [pair("__", around("u")), pair("_", around("em"), atWordEdges)],
  "~": [pair("~~", around("s"))],
  "|": [pair("||", (inner) => spoiler(inner))],
  "[": [maskedLink],
  "<": [angled, mention],
  h: [bareLink],
  "@": [(text, at) => {
    const found = sticky(EVERYBODY, text, at);
    return found && { node: h("span", { class: "mention" }, found[0]), end: at + found[0].length };
  }],
};

function codeBlock(text, at, place) {
  const found = sticky(CODE_BLOCK, text, at);
  if (!found) return null;
  const after = at + found[0].length;
  const node = h("pre", null, h("code", found[1] ? { "data-language": found[1] } : null, found[2]));
  return { node, end: place.blocks && text[after] === "\n" ? after + 1 : after };
}

function code(text, at) {
  const found = sticky(CODE, text, at);
  return found && { node: h("code", null, found[2].replace(/^ (`.*`) $/, "$1")), end: at + found[0].length };
}

function maskedLink(text, at, place) {
  const found = sticky(MASKED, text, at);
  const url = found && (found[2] ?? found[3]);
  if (!found || webAddress(url) === null) return null;
  return { node: link(url, parse(found[1], deeper(place, { blocks: false }))), end: at + found[0].length };
}

function bareLink(text, at) {
  const found = sticky(BARE, text, at);
  if (!found) return null;
  let url = found[0].replace(/[.,:;"'!?*_~|\]]+$/, "");
  while (url.endsWith(")") && url.split(")").length > url.split("(").length) url = url.slice(0, -1);
  return webAddress(url) && { node: jumpPill(url) ?? link(url, url), end: at + url.length };
}

function angled(text, at) {
  const found = sticky(ANGLED, text, at);
  return found && webAddress(found[1]) && { node: link(found[1], found[1]), end: at + found[0].length };
}

function jumpPill(url) {
  const jump = JUMP.exec(url);
  const channel = jump && state.channels.get(jump[2]);
  return channel ? link(url, `#${channelTitle(channel)} › message`, { class: "mention" }) : null;
}

function mention(text, at) {
  const found = sticky(MENTION, text, at);
  if (!found) return null;
  const [whole, user, channel, role, emoji, seconds, style, command] = found;
  let node;
  if (user) node = h("button", { type: "button", class: "mention", onclick: (event) => openProfile(event.currentTarget, user) }, `@${memberName(user) ?? "unknown-user"}`);
  else if (channel) node = channelMention(channel);
  else if (role) node = h("span", { class: "mention" }, `@${state.roles.get(role)?.name.replace(/^@/, "") ?? "deleted-role"}`);
  else if (emoji) node = `:${emoji}:`;
  else if (command) node = h("span", { class: "mention" }, `/${command}`);
  else node = stamp(Number(seconds), style ?? "f");
  return { node, end: at + whole.length };
}

function channelMention(id) {
  const channel = state.channels.get(id);
  if (!channel) return h("span", { class: "mention" }, "#unknown");
  return h("button", { type: "button", class: "mention", onclick: () => showChannel(id) }, `#${channelTitle(channel)}`);
}

const STAMPS = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};

function stamp(seconds, style) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "invalid date";
  const text = style === "R" ? relative(date) : new Intl.DateTimeFormat(undefined, STAMPS[style]).format(date);
  const props = { class: "stamp", datetime: date.toISOString(), title: fullTime.format(date) };
  return h("time", { ...props, "data-relative": style === "R" }, text);
}

const relativeTime = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function relative(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? UNITS.at(-1);
  return relativeTime.format(Math.trunc(seconds / size), unit);
}

/** Covers nodes until they are clicked or opened with the keyboard; what is covered is hidden from screen readers too. */
function spoiler(inner, kind = "") {
  const veiled = h("span", { class: "veiled", inert: true }, inner);
  const node = h("span", { class: `spoiler ${kind}`, role: "button", tabindex: "0", "aria-label": "Spoiler, press to show" }, veiled);
  const show = (event) => {
    event.preventDefault();
    event.stopPropagation();
    node.classList.add("seen");
    veiled.removeAttribute("inert");
    for (const name of ["role", "tabindex", "aria-label"]) node.removeAttribute(name);
    node.removeEventListener("click", show);
    node.removeEventListener("keydown", keys);
  };
  const keys = (event) => {
    if (event.key === "Enter" || event.key === " ") show(event);
  };
  node.addEventListener("click", show);
  node.addEventListener("keydown", keys);
  return node;
}

// ---------------------------------------------------------------------------------------------------- floating things

/** Opens a popover beside `anchor`; it closes with Escape or a click elsewhere and gives the focus back. */
function openPopover(anchor, node) {
  node.setAttribute("popover", "auto");
  // Inside a modal dialog everything outside of it is inert.
  (anchor.closest("dialog") ?? document.body).append(node);
  anchor.setAttribute("aria-expanded", "true");
  node.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    anchor.setAttribute("aria-expanded", "false");
    const lost = document.activeElement === document.body || node.contains(document.activeElement);
    node.remove();
    if (lost && anchor.isConnected) anchor.focus({ preventScroll: true });
  });
  node.showPopover();
  const [from, size] = [anchor.getBoundingClientRect(), node.getBoundingClientRect()];
  const below = from.bottom + 4 + size.height <= innerHeight - 8;
  const top = below ? from.bottom + 4 : Math.max(8, from.top - size.height - 4);
  const left = Math.min(from.left, innerWidth - size.width - 8);
  Object.assign(node.style, { top: `${top}px`, left: `${Math.max(8, left)}px` });
}

/** Moves the focus through `selector` inside `node` with the arrow keys. */
function arrows(node, selector) {
  node.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const items = [...node.querySelectorAll(selector)].filter((item) => !item.hidden);
    if (!items.length || (!step && event.key !== "Home" && event.key !== "End")) return;
    if (!step && document.activeElement.matches("input")) return;
    event.preventDefault();
    const now = items.indexOf(document.activeElement);
    const next = event.key === "Home" ? 0 : event.key === "End" ? items.length - 1 : (now + step + items.length) % items.length;
    items[now < 0 && step === 1 ? 0 : next].focus();
  });
}

/** A menu; `entries` are {label, icon, danger, run} or {heading}. */
function openMenu(anchor, label, entries) {
  const menu = h("div", { role: "menu", "aria-label": label });
  for (const entry of entries) {
    if (entry.heading) {
      menu.append(h("div", { class: "heading", role: "presentation" }, entry.heading));
      continue;
    }
    const run = () => {
      menu.hidePopover();
      entry.run();
    };
    const kind = entry.danger ? "item danger" : "item";
    menu.append(h("button", { type: "button", role: "menuitem", class: kind, onclick: run }, icon(entry.icon), h("span", { class: "grow" }, entry.label)));
  }
  arrows(menu, "[role=menuitem]");
  openPopover(anchor, menu);
  menu.querySelector("[role=menuitem]")?.focus();
}

/** A dialog over the page. `submit` returns a sentence to keep it open; `lines` are its fields. */
function openDialog({ title, lines, confirm, kind = "primary", submit, oncancel }) {
  const titleId = unique("dialog");
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const go = confirm && h("button", { type: "submit", class: `button ${kind}` }, confirm);
  const cancel = h("button", { type: "button", class: "button secondary", onclick: () => dialog.close() }, confirm ? "Cancel" : "Close");
  const form = h("form", { method: "dialog" },
    h("h2", { id: titleId }, title), h("div", { class: "fields" }, lines, problem), h("footer", null, cancel, go));
  const dialog = h("dialog", { "aria-labelledby": titleId }, form);
  let sent = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!submit) return;
    go.setAttribute("aria-busy", "true");
    const refusal = await submit();
    go.removeAttribute("aria-busy");
    if (refusal) {
      problem.textContent = refusal;
      problem.hidden = false;
      return;
    }
    sent = true;
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (!sent) oncancel?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Ask, and give back the sentence of a refusal, or undefined. */
async function refusalOf(what, fields) {
  try {
    await server.ask(what, fields);
    return undefined;
  } catch (refusal) {
    return refusal.message;
  }
}

/**
 * A select menu as Discord draws one. `options`: {value, label, description, emoji}. Calls `done` with the values once
 * chosen: at once where one may be chosen, when it closes where several may.
 */
function picker({ options, chosen, least = 1, most = 1, placeholder, label, disabled, done, key }) {
  let values = [...chosen];
  const shown = h("span", { class: "chosen" });
  const button = h("button", {
    type: "button", class: "picker", disabled, "aria-haspopup": "listbox", "aria-expanded": "false", "data-key": key, onclick: open,
  }, shown, icon("down"));
  draw();
  return button;

  function draw() {
    const labels = options().filter((option) => values.includes(option.value)).map((option) => option.label);
    shown.textContent = labels.join(", ") || placeholder;
    shown.className = labels.length ? "chosen" : "chosen placeholder";
    button.setAttribute("aria-label", `${label}: ${labels.join(", ") || "nothing chosen"}`);
  }

  function open() {
    const before = values.join("\n");
    const several = most > 1;
    const items = options().map((option) => h("button", {
      type: "button", class: "item", role: "option", "data-value": option.value, "aria-selected": String(values.includes(option.value)),
      onclick: () => choose(option.value),
    }, option.emoji ? h("span", null, option.emoji) : null,
    h("span", { class: "grow" }, option.label, option.description ? h("span", { class: "fine" }, option.description) : null),
    icon("tick")));
    for (const item of items) item.lastChild.classList.add("tick");
    const box = h("div", { role: "listbox", "aria-label": label, "aria-multiselectable": String(several) }, items);
    const clear = !several && least === 0 && values.length
      ? h("button", { type: "button", class: "item", onclick: () => { values = []; pop.hidePopover(); } }, "Choose nothing") : null;
    const end = several ? h("div", { class: "foot" }, h("button", { type: "button", class: "button primary", onclick: () => pop.hidePopover() }, "Done")) : null;
    const pop = h("div", null, items.length > 9 ? filter(items) : null, box, clear, end);
    arrows(pop, ".item");
    pop.addEventListener("toggle", (event) => {
      if (event.newState !== "closed") return;
      if (values.length < least) {
        if (values.join("\n") !== before) toast(`Choose at least ${least}.`, { bad: true });
        values = before ? before.split("\n") : [];
        draw();
      } else if (values.join("\n") !== before) {
        draw();
        done([...values], button);
      }
    });
    pop.style.minWidth = `${button.offsetWidth}px`;
    openPopover(button, pop);
    pop.querySelector(".item, input")?.focus();

    function choose(value) {
      if (!several) {
        values = [value];
        pop.hidePopover();
        return;
      }
      if (values.includes(value)) values = values.filter((each) => each !== value);
      else if (values.length < most) values = [...values, value];
      else toast(`Choose at most ${most}.`, { bad: true });
      for (const item of items) item.setAttribute("aria-selected", String(values.includes(item.dataset.value)));
    }
  }
}

function filter(items) {
  const field = h("input", { class: "filter", type: "search", placeholder: "Search", "aria-label": "Search" });
  field.addEventListener("input", () => {
    for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(field.value.toLowerCase());
  });
  return field;
}

const userOptions = () => [...state.members.values()].map((member) => ({ value: member.id, label: member.name }));
const roleOptions = () => [...state.roles.values()].map((role) => ({ value: role.id, label: `@${role.name.replace(/^@/, "")}` }));

function channelOptions(types) {
  return listedChannels()
    .filter((channel) => channel.type !== DM && canSee(channel, me()) && (!types?.length || types.includes(channel.type)))
    .map((channel) => ({ value: channel.id, label: `#${channel.name}` }));
}

/** The choices of a select component of any of the five kinds. */
function selectOptions(select) {
  if (select.type === 5) return userOptions();
  if (select.type === 6) return roleOptions();
  if (select.type === 7) return [...userOptions(), ...roleOptions()];
  if (select.type === 8) return channelOptions(select.channel_types);
  return select.options.map((option) => ({ ...option, emoji: emojiText(option.emoji) }));
}

function chosenAtFirst(select) {
  if (select.type === 3) return select.options.filter((option) => option.default).map((option) => option.value);
  return (select.default_values ?? []).map((value) => value.id);
}

const emojiText = (emoji) => (emoji ? (emoji.id ? `:${emoji.name}:` : emoji.name) : null);

// ---------------------------------------------------------------------------------------------------- attachments, embeds

const PICTURE = /\.(png|jpe?g|gif|webp)$/i;

/** A picture that this port serves; of any other address only a note, since the page asks nothing outside for anything. */
function picture(url, { alt, width, height, hide = false, kind = "picture" }) {
  const path = servedHere(url);
  if (path === null) {
    const address = webAddress(url);
    if (address === null) return h("span", { class: "outside" }, "A picture whose address cannot be opened");
    return h("span", { class: "outside" }, "Picture at ", link(url, address.hostname), ", not loaded: this page opens no outside address.");
  }
  const image = h("img", { src: path, alt: alt || "Picture without a description", loading: "lazy", width, height });
  image.style.height = "auto";
  const node = h("a", { href: path, target: "_blank", rel: "noopener noreferrer" }, image);
  return h("div", { class: kind }, hide ? spoiler([node], "block") : node);
}

function fileCard(name, size, url) {
  const path = servedHere(url);
  const title = path ? h("a", { href: path, download: name }, name) : name;
  return h("div", { class: "file" }, icon("file"), h("span", null, title, h("span", { class: "fine" }, size === undefined ? "" : sizeText(size))));
}

const sizeText = (bytes) => (bytes < 1024 ? plural(bytes, "byte", "bytes") : bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`);

function attachments(list) {
  const isPicture = (file) => PICTURE.test(file.filename);
  const pictures = list.filter(isPicture).map((file) => picture(file.url, {
    alt: file.description || file.filename, width: file.width, height: file.height, hide: file.filename.startsWith("SPOILER_"),
  }));
  return [
    pictures.length > 1 ? h("div", { class: "pictures several" }, pictures) : pictures,
    ...list.filter((file) => !isPicture(file)).map((file) => fileCard(file.filename, file.size, file.url)),
  ];
}

function embedNode(embed) {
  const node = h("article", { class: embed.thumbnail ? "embed with-thumb" : "embed" });
  if (Number.isInteger(embed.color)) node.style.borderLeftColor = `#${embed.color.toString(16).padStart(6, "0")}`;
  const title = embed.title && parse(embed.title, { depth: 1, blocks: false, quote: false });
  const fields = (embed.fields ?? []).map((field) => h("div", { class: field.inline ? "inline" : null },
    h("strong", null, markdown(field.name, { inline: true })), markdown(field.value)));
  const foot = [embed.footer?.text, embed.timestamp && fullTime.format(new Date(embed.timestamp))].filter(Boolean).join(" · ");
  node.append(...[
    embed.author?.name && h("div", { class: "by" }, embed.author.url ? link(embed.author.url, embed.author.name) : embed.author.name),
    title && h("div", { class: "title content" }, embed.url ? link(embed.url, title) : title),
    embed.description && markdown(embed.description),
    embed.thumbnail && picture(embed.thumbnail.url, { alt: "Thumbnail", kind: "thumb" }),
    fields.length && h("div", { class: "fields" }, fields),
    embed.image && picture(embed.image.url, { alt: "Picture of the embed", width: embed.image.width, height: embed.image.height }),
    foot && h("footer", null, foot),
  ].filter(Boolean));
  return node;
}

function pollNode(poll) {
  const count = (answer) => poll.results?.answer_counts?.find((each) => each.id === answer.answer_id)?.count ?? 0;
  const answers = poll.answers.map((answer) => h("li", null,
    h("span", null, emojiText(answer.poll_media.emoji), " ", answer.poll_media.text), h("span", { class: "fine" }, plural(count(answer), "vote", "votes"))));
  return h("section", { class: "poll", "aria-label": "Poll" }, h("strong", { class: "content" }, poll.question.text), h("ul", null, answers),
    h("span", { class: "fine" }, poll.allow_multiselect ? "Several answers may be chosen" : "One answer may be chosen"));
}

// ---------------------------------------------------------------------------------------------------- components

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

/** A message's components, old rows and Components V2 alike. `message` is null where nothing can be pressed. */
function componentNode(component, message) {
  const draw = {
    1: () => h("div", { class: "actions" }, component.components.map((child) => componentNode(child, message))),
    2: () => buttonNode(component, message),
    3: () => selectNode(component, message),
    9: () => h("div", { class: "section" },
      h("div", { class: "texts" }, component.components.map((child) => componentNode(child, message))), componentNode(component.accessory, message)),
    10: () => markdown(component.content),
    11: () => picture(component.media.url, { alt: component.description, hide: component.spoiler, kind: "thumb" }),
    12: () => h("div", { class: component.items.length > 1 ? "pictures several" : "pictures" },
      component.items.map((item) => picture(item.media.url, { alt: item.description, width: item.media.width, height: item.media.height, hide: item.spoiler }))),
    13: () => {
      const card = fileCard(component.name ?? component.file.url.split("/").at(-1), component.size, component.file.url);
      return component.spoiler ? spoiler([card], "block") : card;
    },
    14: () => h("hr", { class: `divider${component.divider === false ? " bare" : ""}${component.spacing === 2 ? " wide" : ""}` }),
    17: () => containerNode(component, message),
  };
  for (const kind of [5, 6, 7, 8]) draw[kind] = draw[3];
  const known = draw[component.type];
  return known ? known() : h("span", { class: "fine" }, `This page cannot draw components of type ${component.type}.`);
}

function containerNode(container, message) {
  const node = h("section", { class: "container", "aria-label": "Card" }, container.components.map((child) => componentNode(child, message)));
  if (Number.isInteger(container.accent_color)) node.style.borderLeftColor = `#${container.accent_color.toString(16).padStart(6, "0")}`;
  return container.spoiler ? spoiler([node], "block") : node;
}

function buttonNode(button, message) {
  const label = [emojiText(button.emoji), button.label].filter(Boolean).join(" ");
  if (button.style === 5) return link(button.url, label, { class: "button link" });
  return h("button", {
    type: "button", class: `button ${STYLES[button.style] ?? "secondary"}`, disabled: button.disabled || message === null, "data-key": button.custom_id,
    onclick: (event) => interact(event.currentTarget, message, "press", { custom_id: button.custom_id }),
  }, label);
}

function selectNode(select, message) {
  const placeholder = select.placeholder || "Make a selection";
  return picker({
    options: () => selectOptions(select), chosen: chosenAtFirst(select), least: select.min_values ?? 1, most: select.max_values ?? 1,
    placeholder, label: placeholder, disabled: select.disabled || message === null, key: select.custom_id,
    done: (values, node) => interact(node, message, "select", { custom_id: select.custom_id, values }),
  });
}

/** Use a component and show what comes of it; while the bot takes its time the component turns. */
async function interact(node, message, what, fields) {
  state.failures.delete(message.id);
  node.setAttribute("aria-busy", "true");
  const rest = setTimeout(() => node.removeAttribute("aria-busy"), 3500);
  const answer = await tried(what, { message: message.id, ...fields });
  clearTimeout(rest);
  node.removeAttribute("aria-busy");
  if (answer?.kind === "failed") state.failures.set(message.id, answer.text);
  if (answer?.kind === "modal") openModal(answer.modal);
  drawLater(message.channel_id);
}

/** A form that the bot opened. */
function openModal(modal) {
  const fields = new Map();
  const lines = modal.components.map((component) => modalLine(component, fields));
  openDialog({
    title: modal.title,
    lines,
    confirm: "Submit",
    submit: async () => {
      const values = Object.fromEntries([...fields].map(([customId, read]) => [customId, read()]));
      try {
        const answer = await server.ask("modal", { modal: modal.id, values });
        if (answer.kind === "modal") openModal(answer.modal);
        return answer.kind === "failed" ? "Something went wrong. Try again." : undefined;
      } catch (refusal) {
        return refusal.message;
      }
    },
  });
}

function modalLine(component, fields) {
  if (component.type === 10) return markdown(component.content);
  if (component.type === 1) return h("div", { class: "field" }, component.components.map((child) => modalField(child, child.label, null, fields)));
  if (component.type === 18) return modalField(component.component, component.label, component.description, fields);
  return h("span", { class: "fine" }, `This page cannot draw components of type ${component.type}.`);
}

function modalField(field, label, description, fields) {
  const required = field.required ?? true;
  const id = unique("field");
  const node = modalInput(field, { id, label, description, required }, fields);
  const grouped = node.matches("fieldset, .picker, .choice");
  const title = [label, required ? h("span", { class: "need", "aria-label": "required" }, " *") : null];
  return h("div", { class: "field" }, h(grouped ? "span" : "label", { class: "label", for: grouped ? null : id }, title),
    description ? h("span", { class: "fine", id: `${id}-help` }, description) : null, node);
}

/** The input of one field; `fields` gets a function that reads it. */
function modalInput(field, { id, label, description, required }, fields) {
  if (field.type === 4) {
    const long = field.style === 2;
    const node = h(long ? "textarea" : "input", {
      id, required, placeholder: field.placeholder, minlength: field.min_length, maxlength: field.max_length ?? 4000, rows: long ? 5 : null,
      "aria-describedby": description ? `${id}-help` : null,
    });
    node.value = field.value ?? "";
    fields.set(field.custom_id, () => node.value);
    return node;
  }
  if ([3, 5, 6, 7, 8].includes(field.type)) {
    let values = chosenAtFirst(field);
    fields.set(field.custom_id, () => values);
    return picker({
      options: () => selectOptions(field), chosen: values, least: required ? field.min_values ?? 1 : 0, most: field.max_values ?? 1,
      placeholder: field.placeholder || "Make a selection", label, key: field.custom_id, done: (chosen) => { values = chosen; },
    });
  }
  if (field.type === 21 || field.type === 22) return modalChoices(field, label, fields);
  if (field.type === 23) {
    const node = h("input", { type: "checkbox", id, checked: field.default });
    fields.set(field.custom_id, () => node.checked);
    return h("label", { class: "choice" }, node, label);
  }
  return h("span", { class: "fine" }, "This page cannot fill in this kind of field.");
}

function modalChoices(field, label, fields) {
  const [type, name] = [field.type === 21 ? "radio" : "checkbox", unique("choice")];
  const inputs = field.options.map((option) => h("input", { type, name, value: option.value, checked: option.default }));
  fields.set(field.custom_id, () => {
    const chosen = inputs.filter((input) => input.checked).map((input) => input.value);
    return type === "radio" ? chosen[0] ?? null : chosen;
  });
  return h("fieldset", { "aria-label": label }, field.options.map((option, index) => h("label", { class: "choice" }, inputs[index],
    h("span", null, option.label, option.description ? h("span", { class: "fine" }, ` ${option.description}`) : null))));
}

// ---------------------------------------------------------------------------------------------------- messages

/** Whether a message goes under the one before it without a head of its own. */
function continues(message, before) {
  return before !== undefined && before.author.id === message.author.id && message.type === 0 && !message.message_reference
    && !((message.flags | before.flags) & (EPHEMERAL | COMPONENTS_V2)) && new Date(message.timestamp) - new Date(before.timestamp) < 5 * 60000;
}

function messageNode(message, compact) {
  const hidden = Boolean(message.flags & EPHEMERAL);
  const gone = state.gone.has(message.id);
  const calls = message.mentions?.some((user) => user.id === state.me) && message.author.id !== state.me;
  const classes = ["message", compact && "compact", hidden && "ephemeral", gone && "gone", calls && "calls-me"].filter(Boolean).join(" ");
  const name = memberName(message.author.id) ?? message.author.global_name ?? message.author.username;
  const node = h("li", { class: classes, "data-message": message.id, "aria-label": `Message of ${name}` });
  if (!compact) node.append(...preface(message), avatar(message.author.id, name), headNode(message, name));
  else node.append(timeNode(message.timestamp, { class: "side-time" }, "short"));
  node.append(bodyNode(message));
  if (gone) node.append(h("p", { class: "gone-mark" }, "deleted"));
  if (hidden) node.append(onlyYou(message));
  if (state.failures.has(message.id)) node.append(h("p", { class: "failure", role: "alert" }, state.failures.get(message.id)));
  if (!hidden && !gone && state.editing?.id !== message.id) node.append(toolsNode(message));
  return node;
}

/** What a message answers, or which command it answers. */
function preface(message) {
  if (message.type === 19) {
    const original = message.referenced_message;
    const now = original && (findMessage(original.channel_id, original.id) ?? original);
    if (!now || state.gone.has(now.id)) return [h("span", { class: "preface" }, icon("reply"), h("i", null, "Original message was deleted"))];
    const text = now.content || (now.attachments?.length ? "an attachment" : "a message without text");
    return [h("button", { type: "button", class: "preface", onclick: () => showMessage(now.channel_id, now.id) }, icon("reply"),
      h("span", { class: "cut" }, h("b", null, memberName(now.author.id) ?? now.author.global_name), " ", plainText(text)))];
  }
  const by = message.interaction_metadata;
  if (message.type === 20 && by) {
    const name = memberName(by.user.id) ?? by.user.global_name;
    return [h("span", { class: "preface" }, icon("app"), h("span", { class: "cut" }, h("b", null, name), ` used ${commandTitle(by.name)}`))];
  }
  return [];
}

/** "/case check" for a slash command, the bare name for an entry of a context menu. */
function commandTitle(name) {
  if (!name) return "a command";
  const slash = state.commands.some((command) => (command.type ?? 1) === 1 && command.name === name.split(" ")[0]);
  return slash ? `/${name}` : name;
}

/** A text as a one-line preview shows it: without its marks, spoilers covered. */
function plainText(text) {
  const node = markdown(text.slice(0, 400));
  for (const covered of node.querySelectorAll(".spoiler")) covered.replaceWith("▮▮▮");
  return node.textContent.replace(/\s+/g, " ").slice(0, 160);
}

function headNode(message, name) {
  const member = state.members.get(message.author.id);
  const author = h("button", { type: "button", class: "author", onclick: (event) => openProfile(event.currentTarget, message.author.id) }, h("bdi", null, name));
  if (member?.color) author.style.color = readable(member.color);
  return h("div", { class: "head" }, author, message.author.bot && h("span", { class: "app-tag" }, "APP"), timeTag(member), timeNode(message.timestamp));
}

function timeTag(member) {
  const until = timedOutUntil(member);
  if (until === null) return null;
  const today = until.toDateString() === new Date().toDateString();
  return h("span", { class: "time-tag", title: `Timed out until ${fullTime.format(until)}` }, `timed out until ${today ? clockTime.format(until) : shortDate.format(until)}`);
}

function bodyNode(message) {
  const body = h("div", { class: "body" });
  if (message.flags & LOADING) body.append(h("p", { class: "thinking" }, `${message.author.global_name ?? "The app"} is thinking…`));
  else if (state.editing?.id === message.id) body.append(editNode(message));
  else body.append(...messageParts(message, state.gone.has(message.id) ? null : message));
  if (message.edited_timestamp && !(message.flags & COMPONENTS_V2)) mark(body, h("span", { class: "mark", title: fullTime.format(new Date(message.edited_timestamp)) }, " (edited)"));
  return body;
}

/** Sets "(edited)" at the end of the text where there is one. */
function mark(body, node) {
  const text = body.querySelector(":scope > .content");
  if (text) text.append(node);
  else body.append(node);
}

/** Everything that a message shows; a forward shows that of its snapshot. `target` is what components act on. */
function messageParts(message, target) {
  const snapshot = message.message_snapshots?.[0]?.message;
  return [
    snapshot && forwardNode(message, snapshot),
    message.content && markdown(message.content),
    ...attachments(unshown(message)),
    ...(message.embeds ?? []).map(embedNode),
    message.poll && pollNode(message.poll),
    message.components?.length ? h("div", { class: "parts" }, message.components.map((component) => componentNode(component, target))) : null,
  ].flat().filter(Boolean);
}

/** The attachments that no component shows. */
function unshown(message) {
  const list = message.attachments ?? [];
  if (!(message.flags & COMPONENTS_V2)) return list;
  const drawn = JSON.stringify(message.components ?? []);
  return list.filter((file) => !drawn.includes(`"${file.id}"`));
}

function forwardNode(message, snapshot) {
  const { channel_id: channelId, message_id: messageId } = message.message_reference ?? {};
  const channel = state.channels.get(channelId);
  // Other people's direct messages are nobody's business: then only the forward is shown, as on Discord.
  const open = channel && (channel.type !== DM || channel.recipient_ids.includes(state.me));
  const from = open ? h("button", { type: "button", class: "preface", onclick: () => showMessage(channelId, messageId) },
    h("span", { class: "cut" }, `${channel.type === DM ? "@" : "#"}${channelTitle(channel)} · `), timeNode(snapshot.timestamp)) : null;
  return h("div", { class: "forwarded" }, h("span", { class: "preface" }, icon("forward"), "Forwarded"), messageParts(snapshot, null), from);
}

function onlyYou(message) {
  const dismiss = () => {
    state.hidden.delete(message.id);
    drawLater(message.channel_id);
  };
  return h("p", { class: "only-you" }, icon("eye"), " Only you can see this · ", h("button", { type: "button", onclick: dismiss }, "Dismiss message"));
}

function toolsNode(message) {
  const channel = state.channels.get(message.channel_id);
  const more = iconButton("more", "More", (event) => openMessageMenu(event.currentTarget, message), { "aria-haspopup": "menu", "aria-expanded": "false", "data-key": "more" });
  const reply = canWrite(channel, me()) && iconButton("reply", "Reply", () => answerTo(message), { class: "plain icon-only quick", "data-key": "reply" });
  return h("div", { class: "tools" }, reply, more);
}

function openMessageMenu(anchor, message) {
  const channel = state.channels.get(message.channel_id);
  const own = message.author.id === state.me;
  const writes = canWrite(channel, me());
  const removes = own || (permissionsIn(channel, me()) & MANAGE_MESSAGES) !== 0n;
  const threads = channel.type === 0 && (permissionsIn(channel, me()) & CREATE_THREADS) !== 0n && writes;
  const apps = canSee(channel, me()) ? usableCommands(3, channel) : [];
  openMenu(anchor, "Message", [
    writes && { label: "Reply", icon: "reply", run: () => answerTo(message) },
    own && writes && { label: "Edit", icon: "edit", run: () => edit(message) },
    { label: "Forward to…", icon: "forward", run: () => openForward(message) },
    threads && { label: "Create thread…", icon: "thread", run: () => openThreadDialog(channel, message) },
    { label: "Copy message ID", icon: "copy", run: () => copy(message.id) },
    removes && { label: "Delete", icon: "trash", danger: true, run: () => openDelete(message) },
    apps.length && { heading: "Apps" },
    ...apps.map((command) => ({ label: command.name, icon: "app", run: () => useContext(command, channel, { message: message.id }) })),
  ].filter(Boolean));
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied ${text}.`);
  } catch {
    toast(`This browser does not let the page copy. The ID is ${text}.`);
  }
}

/** Use a context menu entry or a command; what the bot shows comes by itself, a form or a failure here. */
async function useContext(command, channel, target) {
  shown(await tried("context", { name: command.name, channel: channel.id, ...target }), command.name);
}

function shown(answer, name) {
  if (answer?.kind === "modal") openModal(answer.modal);
  if (answer?.kind === "failed") toast(`The application did not respond to “${name}”.`, { bad: true });
}

function answerTo(message) {
  const column = columns.get(message.channel_id);
  column.composer.answer(message);
}

function edit(message) {
  state.editing = { id: message.id, text: withNames(message.content) };
  drawNow(message.channel_id);
  document.querySelector(".editing textarea")?.focus();
}

function editNode(message) {
  const stop = () => {
    state.editing = null;
    drawNow(message.channel_id);
    columns.get(message.channel_id)?.composer.focus();
  };
  const save = async () => {
    const content = withIds(field.value);
    if (content === message.content) stop();
    else if ((await tried("edit", { message: message.id, content })) !== undefined) stop();
  };
  const field = h("textarea", { rows: 2, maxlength: 4000, "aria-label": "Edit message", "data-key": "edit", oninput: () => { state.editing.text = field.value; } });
  field.value = state.editing.text;
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stop();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      save();
    }
  });
  return h("div", { class: "editing" }, field, h("p", { class: "fine" },
    "Escape to ", h("button", { type: "button", class: "plain", onclick: stop }, "cancel"), " · Enter to ", h("button", { type: "button", class: "plain", onclick: save }, "save")));
}

function quote(message) {
  const name = memberName(message.author.id) ?? message.author.global_name;
  return h("p", { class: "quote" }, h("b", null, name), " ", plainText(message.content) || "a message without text");
}

function openDelete(message) {
  openDialog({
    title: "Delete this message?", lines: quote(message), confirm: "Delete", kind: "danger",
    submit: () => refusalOf("delete", { message: message.id }),
  });
}

function openForward(message) {
  const places = listedChannels().filter((channel) => channel.type !== FORUM && canWrite(channel, me()));
  let to = null;
  const choose = picker({
    options: () => places.map((channel) => ({ value: channel.id, label: channel.type === DM ? `@${channelTitle(channel)}` : `#${channelTitle(channel)}` })),
    chosen: [], placeholder: "Choose a channel", label: "Forward to", done: ([value]) => { to = value; },
  });
  openDialog({
    title: "Forward to…", lines: [quote(message), choose], confirm: "Forward",
    submit: () => (to === null ? "Choose a channel first." : refusalOf("forward", { message: message.id, to })),
  });
}

function openThreadDialog(channel, message) {
  const id = unique("field");
  const name = h("input", { id, required: true, maxlength: 100 });
  const first = channel.type === FORUM ? h("textarea", { required: true, maxlength: 4000, rows: 4, "aria-label": "First message", placeholder: "First message" }) : null;
  openDialog({
    title: first ? "New post" : "Create a thread",
    lines: [message ? quote(message) : null, h("div", { class: "field" }, h("label", { for: id }, first ? "Title" : "Name of the thread"), name, first)],
    confirm: "Create",
    submit: async () => {
      try {
        const made = await server.ask("thread", { channel: channel.id, name: name.value, message: message?.id, content: first?.value });
        takeChannel(made);
        showChannel(made.id);
        return undefined;
      } catch (refusal) {
        return refusal.message;
      }
    },
  });
}

function openProfile(anchor, userId) {
  const member = state.members.get(userId);
  if (!member) {
    toast("This account is not on the server any more.");
    return;
  }
  const place = state.channels.get(anchor.closest(".column")?.dataset.channel) ?? listedChannels()[0];
  const apps = usableCommands(2, place);
  openMenu(anchor, member.name, [
    { heading: [member.name, ...member.roles].join(" · ") + (timedOutUntil(member) ? " · timed out" : "") },
    !member.bot && member.id !== state.me && { label: `Speak as ${member.name}`, icon: "people", run: () => speakAs(member.id) },
    member.id !== state.me && { label: "Write a direct message", icon: "thread", run: () => openDm(member) },
    { label: "Copy user ID", icon: "copy", run: () => copy(member.id) },
    apps.length && { heading: "Apps" },
    ...apps.map((command) => ({ label: command.name, icon: "app", run: () => useContext(command, place, { user: userId }) })),
  ].filter(Boolean));
}

async function openDm(member) {
  const channel = await tried("dm", { user: member.id });
  if (channel === undefined) return;
  takeChannel(channel);
  showChannel(channel.id);
}

/** Names as people type them become mentions: "@Mia" and "#general". */
function withIds(text) {
  const names = [...state.members.values()].sort((one, other) => other.name.length - one.name.length);
  let written = text;
  for (const member of names) written = written.replaceAll(`@${member.name}`, `<@${member.id}>`);
  return written.replace(/#([\p{L}\p{N}_-]+)/gu, (whole, name) => {
    const channel = [...state.channels.values()].find((each) => each.name === name && each.type !== CATEGORY);
    return channel ? `<#${channel.id}>` : whole;
  });
}

function withNames(text) {
  return text
    .replace(/<@!?(\d+)>/g, (whole, id) => (memberName(id) ? `@${memberName(id)}` : whole))
    .replace(/<#(\d+)>/g, (whole, id) => (state.channels.get(id) ? `#${state.channels.get(id).name}` : whole));
}

// ---------------------------------------------------------------------------------------------------- composer

/** Where the acting member writes in one channel: text, files, an answer, or a slash command with its fields. */
class Composer {
  constructor(channelId) {
    this.channelId = channelId;
    this.answering = null;
    this.files = [];
    this.command = null;
    this.at = 0;
    this.entries = [];
    const listId = unique("commands");
    this.suggestions = h("div", { id: listId, class: "suggestions", role: "listbox", "aria-label": "Commands", hidden: true });
    this.field = h("textarea", {
      rows: 1, maxlength: 4000, "aria-controls": listId, "aria-autocomplete": "list", autocomplete: "off",
      oninput: () => this.suggest(), onkeydown: (event) => this.key(event), onblur: () => setTimeout(() => this.hideSuggestions(), 150),
    });
    this.chooser = h("input", { type: "file", multiple: true, hidden: true, onchange: () => this.attach([...this.chooser.files]) });
    this.top = h("div");
    this.line = h("div", { class: "line" },
      iconButton("plus", "Attach a file or make a poll", (event) => this.openExtras(event.currentTarget), { "aria-haspopup": "menu" }), this.field,
      iconButton("send", "Send", () => this.send()));
    this.closed = h("p", { class: "closed", hidden: true });
    this.form = h("div");
    this.node = h("div", { class: "composer" }, this.suggestions, this.top, this.form, this.line, this.closed, this.chooser);
    this.node.addEventListener("paste", (event) => this.attach([...event.clipboardData.files], event));
  }

  get channel() {
    return state.channels.get(this.channelId);
  }

  /** Shows the composer as the acting member may use it. */
  draw() {
    const channel = this.channel;
    const member = me();
    const until = silencedUntil(channel, member);
    const open = canWrite(channel, member) && channel.type !== FORUM;
    const place = channel.type === DM ? `@${channelTitle(channel)}` : `#${channel.name}`;
    this.line.hidden = !open || this.command !== null;
    this.form.hidden = !open;
    this.closed.hidden = open || channel.type === FORUM;
    this.closed.textContent = until ? `${member.name} is timed out until ${clockTime.format(until)} and cannot write.` : `${member.name} may not write in ${place}.`;
    this.closed.className = until ? "closed timed" : "closed";
    this.field.placeholder = `Write as ${member.name}`;
    this.field.setAttribute("aria-label", `Message ${place} as ${member.name}`);
    this.drawTop();
  }

  drawTop() {
    const stop = iconButton("close", "Do not reply", () => this.answer(null));
    const remove = (file) => iconButton("close", `Remove ${file.name}`, () => this.remove(file));
    this.top.replaceChildren(
      ...(this.answering ? [h("p", { class: "answering" }, h("span", { class: "cut" }, "Replying to ",
        h("b", null, memberName(this.answering.author.id) ?? this.answering.author.global_name), " ", plainText(this.answering.content)), stop)] : []),
      ...(this.files.length ? [h("ul", { class: "waiting" }, this.files.map((file) => h("li", null, h("span", null, file.name), remove(file))))] : []),
    );
  }

  focus() {
    (this.form.querySelector("input, select, textarea, button") ?? this.field).focus();
  }

  answer(message) {
    this.answering = message;
    this.drawTop();
    this.field.focus();
  }

  openExtras(anchor) {
    openMenu(anchor, "Add", [
      { label: "Upload a file", icon: "file", run: () => this.chooser.click() },
      { label: "Create a poll", icon: "poll", run: () => this.openPoll() },
      { label: "Use a slash command", icon: "app", run: () => this.begin("/") },
    ]);
  }

  /** Put text into the field as if it had been typed. */
  begin(text) {
    if (this.command !== null) this.leaveCommand();
    this.field.value = text;
    this.field.focus();
    this.suggest();
  }

  async attach(files, event) {
    if (files.length) event?.preventDefault();
    this.chooser.value = "";
    for (const file of files) {
      const token = await upload(file);
      if (token) this.files.push({ name: file.name, token });
      this.drawTop();
    }
    if (files.length) this.field.focus();
  }

  remove(file) {
    this.files = this.files.filter((each) => each !== file);
    this.drawTop();
    tried("discard", { upload: file.token });
  }

  openPoll() {
    const fields = ["Question", "First answer", "Second answer", "Third answer", "Fourth answer"].map((label, index) => {
      const id = unique("field");
      return { input: h("input", { id, required: index < 3, maxlength: index ? 55 : 300 }), id, label: index > 2 ? `${label} (optional)` : label };
    });
    const read = () => fields.map(({ input }) => input.value.trim()).filter(Boolean);
    openDialog({
      title: "Create a poll", confirm: "Post",
      lines: fields.map(({ input, id, label }) => h("div", { class: "field" }, h("label", { for: id }, label), input)),
      submit: () => {
        const [question, ...answers] = read();
        return refusalOf("send", { channel: this.channelId, poll: { question, answers } });
      },
    });
  }

  async send() {
    const text = this.field.value.trim();
    if (!text && !this.files.length) return;
    if (text.startsWith("/") && this.entries.length) {
      this.choose(this.entries[this.at]);
      return;
    }
    const [files, answering] = [this.files, this.answering];
    this.field.value = "";
    this.files = [];
    this.answering = null;
    this.drawTop();
    const sent = await tried("send", {
      channel: this.channelId, content: withIds(text), reply_to: answering?.id, uploads: files.map((file) => file.token),
    });
    if (sent !== undefined) return;
    // What was refused comes back, unless something else is being written by now.
    this.field.value ||= text;
    this.files = [...files, ...this.files];
    this.answering ??= answering;
    this.drawTop();
  }

  key(event) {
    if (event.isComposing) return;
    const listing = !this.suggestions.hidden;
    if (listing && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (listing && event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      this.choose(this.entries[this.at]);
    } else if (event.key === "Escape") {
      if (listing) this.hideSuggestions();
      else if (this.answering) this.answer(null);
    } else if (event.key === "ArrowUp" && !this.field.value) {
      const last = seenMessages(this.channelId).filter((message) => message.author.id === state.me && !state.gone.has(message.id)).at(-1);
      if (last) {
        event.preventDefault();
        edit(last);
      }
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    }
  }

  /** Lists the commands that what stands in the field may mean. */
  suggest() {
    const text = this.field.value;
    const asked = text.startsWith("/") && !text.startsWith("//") ? text.slice(1).toLowerCase() : null;
    const fits = (entry) => entry.name.startsWith(asked) || asked.startsWith(`${entry.name} `) || entry.name.split(" ").some((word) => asked && word.startsWith(asked));
    this.entries = asked === null ? [] : slashEntries(this.channel).filter(fits).slice(0, 25);
    this.at = 0;
    this.drawSuggestions(asked);
  }

  drawSuggestions(asked) {
    const none = asked !== null && !this.entries.length
      ? h("p", { class: "heading" }, state.bot.online ? `${me().name} has no command like this here.` : `${state.bot.name} is offline, so there may be no commands.`) : null;
    this.suggestions.replaceChildren(...(none ? [none] : []), ...this.entries.map((entry, index) => h("div", {
        class: index === this.at ? "item at" : "item", role: "option", id: `${this.suggestions.id}-${index}`, "aria-selected": String(index === this.at),
        onmousedown: (event) => event.preventDefault(), onclick: () => this.choose(entry),
      }, h("span", { class: "grow" }, h("span", null, h("strong", null, `/${entry.name}`), " ",
        h("span", { class: "opts" }, entry.options.map((option) => (option.required ? option.name : `[${option.name}]`)).join(" "))),
      h("span", { class: "fine" }, entry.description)))));
    this.suggestions.hidden = asked === null;
    if (this.entries.length) this.field.setAttribute("aria-activedescendant", `${this.suggestions.id}-${this.at}`);
    else this.field.removeAttribute("aria-activedescendant");
  }

  move(step) {
    this.at = (this.at + step + this.entries.length) % Math.max(1, this.entries.length);
    this.drawSuggestions("");
    this.suggestions.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  hideSuggestions() {
    this.suggestions.hidden = true;
    this.field.removeAttribute("aria-activedescendant");
  }

  /** From a chosen command to its fields; what was typed behind its name goes into the first one. */
  choose(entry) {
    if (!entry) return;
    const rest = this.field.value.slice(entry.name.length + 2).trim();
    const typed = this.field.value.toLowerCase().startsWith(`/${entry.name} `) ? rest : "";
    this.field.value = "";
    this.entries = [];
    this.hideSuggestions();
    this.command = entry;
    const form = commandForm(entry, this.channel, typed, (options) => this.run(entry, options), () => this.leaveCommand());
    this.form.replaceChildren(form);
    this.draw();
    (form.querySelector("input, select, textarea, .picker") ?? form.querySelector("button.primary")).focus();
  }

  leaveCommand() {
    this.command = null;
    this.form.replaceChildren();
    this.draw();
    this.field.focus();
  }

  async run(entry, options) {
    this.leaveCommand();
    shown(await tried("slash", { channel: this.channelId, command: entry.name, options }), `/${entry.name}`);
  }
}

async function upload(file) {
  if (file.size > 10 * 1024 * 1024) {
    complain(`${file.name} is larger than 10 MB, which is what Discord takes.`);
    return null;
  }
  const data = await new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).split(",", 2)[1] ?? "");
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(file);
  });
  return (await tried("upload", { name: file.name, data }))?.upload ?? null;
}

/** The fields of a slash command. */
function commandForm(entry, channel, typed, run, leave) {
  const readers = new Map();
  const lines = entry.options.map((option, index) => optionField(option, index === 0 ? typed : "", entry, channel, readers));
  const form = h("form", { class: "command", "aria-label": `/${entry.name}` },
    h("div", { class: "about" }, h("strong", null, `/${entry.name}`), h("span", { class: "fine" }, entry.description)),
    lines,
    h("div", { class: "ends" }, h("button", { type: "button", class: "button secondary", onclick: leave }, "Cancel"), h("button", { type: "submit", class: "button primary" }, "Run")));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector(":popover-open")) leave();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const options = {};
    for (const [name, read] of readers) {
      const value = await read();
      if (value !== null && value !== "") options[name] = value;
    }
    const missing = entry.options.find((option) => option.required && options[option.name] === undefined);
    if (missing) toast(`/${entry.name} needs “${missing.name}”.`, { bad: true });
    else run(options);
  });
  return form;
}

function optionField(option, typed, entry, channel, readers) {
  const id = unique("option");
  const node = optionInput(option, typed, id, entry, channel, readers);
  const title = [option.name, option.required ? h("span", { class: "need", "aria-label": "required" }, " *") : h("span", { class: "fine" }, " optional")];
  return h("div", { class: "field" }, h(node.matches(".picker") ? "span" : "label", { class: "label", for: node.matches(".picker") ? null : id }, title),
    node, h("span", { class: "fine", id: `${id}-help` }, option.description === "…" ? "" : option.description));
}

function optionInput(option, typed, id, entry, channel, readers) {
  const numeric = option.type === 4 || option.type === 10;
  const lists = { 6: userOptions, 7: () => channelOptions(option.channel_types), 8: roleOptions, 9: () => [...userOptions(), ...roleOptions()] };
  const fixed = option.type === 5
    ? [{ value: "true", label: "True" }, { value: "false", label: "False" }]
    : option.choices?.map((choice) => ({ value: String(choice.value), label: choice.name }));
  if (fixed || lists[option.type]) {
    let value = null;
    const real = (text) => (text === null ? null : option.type === 5 ? text === "true" : numeric ? Number(text) : text);
    readers.set(option.name, () => real(value));
    return picker({
      options: () => fixed ?? lists[option.type](), chosen: [], least: option.required ? 1 : 0, placeholder: `Choose ${option.name}`, label: option.name,
      done: (chosen) => { value = chosen[0] ?? null; },
    });
  }
  if (option.type === 11) {
    const node = h("input", { id, type: "file", required: option.required });
    readers.set(option.name, async () => {
      const token = node.files.length ? await upload(node.files[0]) : null;
      return token && { upload: token };
    });
    return node;
  }
  const node = h("input", {
    id, required: option.required, type: numeric ? "number" : "text", step: option.type === 10 ? "any" : null, min: option.min_value, max: option.max_value,
    minlength: option.min_length, maxlength: numeric ? null : option.max_length ?? 6000, autocomplete: "off", "aria-describedby": `${id}-help`,
  });
  node.value = typed;
  readers.set(option.name, () => (node.value === "" ? null : numeric ? Number(node.value) : node.value));
  if (option.autocomplete) complete(node, option, entry, channel);
  return node;
}

/** Offers what the bot proposes while an option is typed. */
function complete(node, option, entry, channel) {
  const offered = h("datalist", { id: unique("offered") });
  node.setAttribute("list", offered.id);
  node.after(offered);
  let latest = 0;
  const ask = async () => {
    const asked = ++latest;
    const answer = await tried("complete", { channel: channel.id, command: entry.name, option: option.name, text: node.value });
    if (asked !== latest || answer?.kind !== "choices") return;
    offered.replaceChildren(...answer.choices.map((choice) => h("option", { value: String(choice.value) }, choice.name)));
    if (!offered.isConnected) node.after(offered);
  };
  node.addEventListener("input", ask);
  node.addEventListener("focus", ask);
}

// ---------------------------------------------------------------------------------------------------- columns

const MOST_DRAWN = 200;

/** One channel: its head, its messages and its composer. Drawn messages are kept and reused while they are the same. */
class Column {
  constructor(channel) {
    this.id = channel.id;
    this.drawn = new Map();
    this.composer = new Composer(channel.id);
    this.header = h("header");
    this.note = h("div");
    this.log = h("ol", { class: "log", role: "log", tabindex: "0" });
    this.newer = h("button", { type: "button", class: "newer", hidden: true, onclick: () => this.toEnd() }, "New messages ↓");
    this.node = h("section", { class: "column", "data-channel": channel.id }, this.header, this.note, this.log, this.newer, this.composer.node);
    this.follows = true;
    this.log.addEventListener("scroll", () => {
      this.follows = this.atEnd();
      if (this.follows) this.newer.hidden = true;
    });
    // Who reads the end stays there when a picture arrives or the column changes its height.
    const stay = () => { if (this.follows) this.toEnd(); };
    this.log.addEventListener("load", stay, true);
    new ResizeObserver(stay).observe(this.log);
  }

  atEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.follows = true;
    this.newer.hidden = true;
  }

  /** Head, notes and composer, which follow the acting member. */
  drawFrame() {
    const channel = state.channels.get(this.id);
    const staff = isStaff(channel);
    const title = (channel.type === DM ? "@" : isThread(channel) ? "" : "#") + channelTitle(channel);
    this.node.classList.toggle("staff", staff);
    this.node.classList.toggle("open", state.open.has(this.id));
    this.node.classList.toggle("active", state.active === this.id);
    this.node.setAttribute("aria-label", staff ? `${title}, staff only` : title);
    this.log.setAttribute("aria-label", `Messages in ${title}`);
    const about = channel.type === DM ? `Direct messages with ${channelTitle(channel)}` : isThread(channel) ? "Thread" : channel.topic ?? "";
    redraw(this.header, h("h2", null, title), staff && h("span", { class: "staff-tag" }, "Staff only"),
      h("span", { class: "fine topic", title: about }, about), iconButton("close", `Hide ${title}`, () => toggleChannel(this.id), { "data-key": "hide" }));
    this.drawNote(channel, staff);
    this.composer.draw();
    this.composer.node.hidden = staff && !canSee(channel, me());
  }

  drawNote(channel, staff) {
    const moderator = findModerator();
    const blind = !canSee(channel, me());
    this.note.replaceChildren(...(blind && moderator ? [h("p", { class: "note" }, h("span", null, `${me().name} cannot see ${staff ? "this staff channel" : "this channel"}. You can, because you play everybody.`),
      h("button", { type: "button", onclick: () => speakAs(moderator.id) }, `Speak as ${moderator.name}`))] : []));
    if (channel.type === FORUM) {
      this.note.append(h("p", { class: "note" }, h("span", null, "A forum: every post is a thread."),
        h("button", { type: "button", onclick: () => openThreadDialog(channel, null) }, "New post")));
    }
  }

  /** Bring the messages up to date; nodes of unchanged messages stay, and with them opened spoilers and the focus. */
  drawMessages() {
    const follow = this.follows;
    const messages = seenMessages(this.id).slice(-MOST_DRAWN);
    const kept = new Map();
    const nodes = [];
    let fresh = false;
    let before;
    for (const message of messages) {
      const compact = continues(message, before) && !state.gone.has(before.id);
      const look = [compact, state.me, state.gone.has(message.id), state.failures.get(message.id), state.editing?.id === message.id, lookOfMember(message.author.id)].join("|");
      const old = this.drawn.get(message.id);
      const same = old !== undefined && old.message === message && old.look === look;
      const node = same ? old.node : messageNode(message, compact);
      if (old !== undefined && !same) keepFocus(old.node, node);
      fresh ||= old === undefined;
      kept.set(message.id, { message, look, node });
      nodes.push(node);
      before = message;
    }
    this.drawn = kept;
    if (!nodes.length) nodes.push(h("li", { class: "empty" }, "Nothing here yet."));
    placeChildren(this.log, nodes);
    pendingFocus?.();
    if (follow) this.toEnd();
    else if (fresh) this.newer.hidden = false;
  }

  focusMessage(messageId) {
    const node = this.drawn.get(messageId)?.node;
    if (!node) return false;
    node.scrollIntoView({ block: "center" });
    node.classList.add("flash");
    setTimeout(() => node.classList.remove("flash"), 2000);
    node.tabIndex = -1;
    node.focus({ preventScroll: true });
    return true;
  }
}

const lookOfMember = (id) => {
  const member = state.members.get(id);
  return member ? `${member.name}/${member.color}/${timedOutUntil(member)?.getTime() ?? ""}` : "";
};

let pendingFocus = null;

/** When a message is drawn anew, the button that had the focus in the old node gets it in the new one, else the message. */
function keepFocus(old, node) {
  const key = old.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  if (key === undefined) return;
  pendingFocus = () => {
    pendingFocus = null;
    const same = node.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`);
    node.tabIndex = -1;
    (same ?? node).focus({ preventScroll: true });
  };
}

/** Give `parent` new children; what had the focus is found again by its `data-key`. */
function redraw(parent, ...nodes) {
  const key = parent.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  parent.replaceChildren(...nodes.flat().filter(Boolean));
  if (key !== undefined) parent.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** Make `nodes` the children of `parent`, moving only what has to move. */
function placeChildren(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (parent.childNodes[index] !== node) parent.insertBefore(node, parent.childNodes[index] ?? null);
  });
}

const columns = new Map();
const dirty = new Set();

/** Draw a channel's messages once, after everything that happens at this moment. */
function drawLater(channelId) {
  if (!dirty.size) queueMicrotask(() => {
    for (const id of [...dirty]) drawNow(id);
  });
  dirty.add(channelId);
}

function drawNow(channelId) {
  dirty.delete(channelId);
  columns.get(channelId)?.drawMessages();
}

/** Draw everything but messages: columns, side, bar, and each column's frame. */
function drawPlaces() {
  const listed = listedChannels();
  for (const channel of listed) if (!columns.has(channel.id)) columns.set(channel.id, new Column(channel));
  for (const id of [...columns.keys()]) if (!state.channels.has(id)) columns.delete(id);
  placeChildren(document.getElementById("columns"), listed.map((channel) => columns.get(channel.id).node));
  for (const channel of listed) columns.get(channel.id).drawFrame();
  drawSide(listed);
}

function drawAll() {
  drawPlaces();
  for (const id of columns.keys()) drawNow(id);
}

function showChannel(channelId) {
  state.open.add(channelId);
  state.active = channelId;
  state.unread.delete(channelId);
  rememberOpen();
  drawPlaces();
  const column = columns.get(channelId);
  column?.node.scrollIntoView({ block: "nearest", inline: "nearest" });
  column?.toEnd();
}

function toggleChannel(channelId) {
  if (!state.open.has(channelId) || narrow.matches) {
    showChannel(channelId);
    closeDrawer();
    return;
  }
  state.open.delete(channelId);
  rememberOpen();
  drawPlaces();
}

function rememberOpen() {
  memory.set("open", [...state.open].map((id) => state.channels.get(id)?.name).filter(Boolean));
}

function showMessage(channelId, messageId) {
  const channel = state.channels.get(channelId);
  if (!channel || !listedChannels().includes(channel)) {
    toast(`${me().name} has no such channel.`);
    return;
  }
  showChannel(channelId);
  if (messageId && !columns.get(channelId).focusMessage(messageId)) toast("This message is not here any more, or too far back for this page.");
}

function speakAs(userId) {
  state.me = userId;
  state.editing = null;
  memory.set("me", memberName(userId));
  const listed = listedChannels();
  if (!listed.some((channel) => channel.id === state.active)) state.active = listed[0]?.id ?? "";
  for (const column of columns.values()) column.composer.answering = null;
  drawAll();
  closeDrawer();
}

// ---------------------------------------------------------------------------------------------------- the side, the bar, the intro

const side = document.getElementById("side");
const drawerButton = document.getElementById("drawer-open");
const MOST_LISTED = 8;

function drawSide(listed) {
  for (const id of ["guild-name", "bar-guild"]) document.getElementById(id).textContent = state.guild.name;
  drawMembers();
  const badge = (id) => (state.unread.get(id) ? h("span", { class: "badge", "aria-label": plural(state.unread.get(id), "new message", "new messages") }, String(state.unread.get(id))) : null);
  const title = (channel) => (channel.type === DM ? "@" : isThread(channel) ? "↳ " : "# ") + channelTitle(channel);
  redraw(document.getElementById("channels"), listed.map((channel) => {
    const eye = icon("eye");
    eye.classList.add("eye");
    return h("li", null, h("button", { type: "button", class: "row", "data-key": channel.id, "aria-pressed": String(isShown(channel.id)), onclick: () => toggleChannel(channel.id) },
      h("span", { class: "name" }, title(channel)), isStaff(channel) && h("span", { class: "staff-tag" }, "Staff"), badge(channel.id) ?? eye));
  }));
  redraw(document.getElementById("tabs"), listed.map((channel) => h("button", {
    type: "button", "data-key": channel.id, class: isStaff(channel) ? "staff" : null, "aria-current": String(state.active === channel.id), onclick: () => showChannel(channel.id),
  }, title(channel).replace("# ", "#"), badge(channel.id))));
  document.querySelector('#tabs [aria-current="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  drawerButton.replaceChildren(avatar(state.me, me().name, "small"), h("span", null, h("span", { class: "sr" }, "You speak as "), me().name), icon("down"));
}

function drawMembers() {
  const row = (member) => h("li", null, h("button", {
    type: "button", class: "row", "data-key": member.id, "aria-pressed": String(member.id === state.me), onclick: () => speakAs(member.id),
  }, avatar(member.id, member.name, "small"), h("span", { class: "grow" }, h("span", { class: "name" }, member.name),
    h("span", { class: "fine" }, timeTag(member) ?? member.roles[0] ?? "Member"))));
  const all = people();
  const first = all.filter((member, index) => index < MOST_LISTED || member.id === state.me);
  const rest = all.filter((member) => !first.includes(member));
  const folded = document.querySelector(".more-members");
  const more = rest.length ? h("li", null, h("details", { class: "more-members", open: folded?.open }, h("summary", { "data-key": "more" }, `${rest.length} more`), h("ul", null, rest.map(row)))) : null;
  redraw(document.getElementById("members"), first.map(row), more);
}

function openDrawer() {
  side.classList.add("out");
  drawerButton.setAttribute("aria-expanded", "true");
  side.querySelector('[aria-pressed="true"]')?.focus();
}

function closeDrawer() {
  if (!side.classList.contains("out")) return;
  side.classList.remove("out");
  drawerButton.setAttribute("aria-expanded", "false");
  drawerButton.focus();
}

drawerButton.addEventListener("click", openDrawer);
document.getElementById("drawer-close").addEventListener("click", closeDrawer);
side.addEventListener("keydown", (event) => { if (event.key === "Escape") closeDrawer(); });
document.addEventListener("pointerdown", (event) => {
  if (side.classList.contains("out") && !side.contains(event.target)) closeDrawer();
});
narrow.addEventListener("change", () => { if (state.me) drawPlaces(); });

/** Whether the sandbox and the bot are there. */
function drawLink() {
  const line = document.getElementById("link-state");
  const outage = document.getElementById("outage");
  line.dataset.state = server.lost ? "down" : state.bot.online ? "up" : "idle";
  line.textContent = server.lost ? "Not connected" : state.bot.online ? `${state.bot.name} is online` : `${state.bot.name} is offline`;
  outage.hidden = !server.lost;
  outage.textContent = server.lost ? "The sandbox does not answer. This page tries again by itself; what you typed stays." : "";
}

/** A welcome with three things to try, for what is really there: a member, review buttons, the check command. */
function drawIntro() {
  const intro = document.getElementById("intro");
  intro.hidden = memory.get("welcomed") === true;
  if (intro.hidden) return;
  const writer = people().find((member) => member.name === "Kai") ?? people().find((member) => !may(member, MODERATE));
  const [moderator, staff] = [findModerator(), staffChannel()];
  const checks = moderator && state.commands.some((command) => command.name === "case" && command.options?.some((option) => option.name === "check"));
  const done = () => {
    memory.set("welcomed", true);
    drawIntro();
  };
  const tryIt = (text, run) => h("button", { type: "button", class: "try", onclick: run }, text);
  const writable = () => listedChannels().find((channel) => channel.type === 0 && canWrite(channel, me()));
  intro.replaceChildren(
    h("div", null, h("h2", { id: "intro-title" }, `Welcome to ${state.guild.name}`),
      h("p", null, "A make-believe Discord that runs on this computer only: nothing you do here leaves it. You play everybody.")),
    iconButton("close", "Hide this welcome", done),
    h("div", { class: "tries" },
      writer && tryIt(`Write something as ${writer.name}`, () => {
        speakAs(writer.id);
        const place = writable();
        showChannel(place.id);
        columns.get(place.id).composer.focus();
      }),
      moderator && staff && tryIt(`Press the buttons in #${staff.name} as ${moderator.name}`, () => {
        speakAs(moderator.id);
        showChannel(staff.id);
        columns.get(staff.id).log.focus();
      }),
      checks && tryIt("Run /case check on a sentence of yours", () => {
        speakAs(moderator.id);
        const place = writable();
        showChannel(place.id);
        columns.get(place.id).composer.begin("/case check");
      })));
}

// ---------------------------------------------------------------------------------------------------- events

/** Everything anew, after the page opened or the server came back with another memory. */
function takeEverything(hello) {
  const drafts = new Map([...columns.values()].map((column) => [state.channels.get(column.id)?.name, column.composer.field.value]));
  const wasHere = state.me !== "";
  const name = memberName(state.me) ?? memory.get("me");
  state.guild = hello.guild;
  state.bot = hello.bot;
  state.commands = hello.commands;
  state.roles = new Map(hello.roles.map((role) => [role.id, role]));
  state.members = new Map(hello.members.map((member) => [member.id, member]));
  state.channels = new Map([...hello.channels, ...hello.dms].map((channel) => [channel.id, channel]));
  state.messages = new Map(Object.entries(hello.messages).map(([id, list]) => [id, new Map(list.map((message) => [message.id, message]))]));
  for (const store of [state.hidden, state.gone, state.failures, state.unread]) store.clear();
  state.editing = null;
  const humans = people();
  state.me = (humans.find((member) => member.name === name) ?? humans.find((member) => member.name === "Kai") ?? humans[0]).id;
  chooseOpen(wasHere);
  columns.clear();
  document.getElementById("columns").replaceChildren();
  drawIntro();
  drawAll();
  for (const column of columns.values()) {
    column.composer.field.value = drafts.get(state.channels.get(column.id)?.name) ?? "";
    column.toEnd();
  }
}

/** Which channels stand open: those of last time, else the staff channel and the first two. */
function chooseOpen(wasHere) {
  const listed = listedChannels();
  const remembered = memory.get("open");
  const byName = Array.isArray(remembered) ? listed.filter((channel) => channel.name && remembered.includes(channel.name)) : [];
  const first = [...listed.filter((channel) => channel.type === 0 && !isStaff(channel)).slice(0, 2), staffChannel()].filter(Boolean);
  const open = byName.length ? byName : first;
  state.open = new Set(open.map((channel) => channel.id));
  if (!wasHere || !state.channels.has(state.active)) state.active = (open[0] ?? listed[0])?.id ?? "";
}

function takeMessage({ channel_id: channelId, message }) {
  if (!state.messages.has(channelId)) state.messages.set(channelId, new Map());
  state.messages.get(channelId).set(message.id, message);
  drawLater(channelId);
}

/** A message that somebody gets in a channel that is not on screen counts as unread. */
function countUnread(channelId, authorId) {
  if (isShown(channelId) || authorId === state.me) return;
  state.unread.set(channelId, (state.unread.get(channelId) ?? 0) + 1);
  drawSide(listedChannels());
}

function takeChannel(channel) {
  state.channels.set(channel.id, channel);
  drawPlaces();
}

/** A direct conversation that the page has not met yet: everything is asked for again, ephemeral messages stay. */
async function meetChannel(channelId, message) {
  const everything = await tried("snapshot", {});
  for (const channel of everything?.dms ?? []) if (!state.channels.has(channel.id)) state.channels.set(channel.id, channel);
  drawAll();
  announceDirect(channelId, message);
}

/** The visitor plays everybody, so a direct message to another member is announced too. */
function announceDirect(channelId, message) {
  const channel = state.channels.get(channelId);
  if (!channel || channel.type !== DM || !message.author.bot) return;
  const to = channel.recipient_ids.find((id) => id !== message.author.id);
  if (isShown(channelId) && to === state.me) return;
  toast(`${message.author.global_name} wrote to ${memberName(to)} in a direct message.`, {
    action: { label: to === state.me ? "Show" : `Read as ${memberName(to)}`, run: () => { speakAs(to); showChannel(channelId); } },
  });
}

function takeMember({ member }) {
  state.members.set(member.id, { ...member });
  const until = timedOutUntil(member);
  // The sign beside the name goes when the time-out ends; timers longer than 24 days would fire at once.
  if (until) setTimeout(drawAll, Math.min(until - Date.now() + 500, 2 ** 31 - 1));
  drawAll();
}

function takeHidden({ user_id: userId, message, channel_id: channelId }) {
  state.hidden.set(message.id, { userId, message: { ...message, channel_id: channelId } });
  drawLater(channelId);
}

const EVENTS = {
  hello(hello) {
    const back = server.lost;
    server.lost = false;
    server.tries = 0;
    takeEverything(hello);
    drawLink();
    if (back) toast("Connected again.");
  },
  message_create(event) {
    takeMessage(event);
    if (state.channels.has(event.channel_id)) {
      announceDirect(event.channel_id, event.message);
      countUnread(event.channel_id, event.message.author.id);
    } else meetChannel(event.channel_id, event.message);
  },
  message_update: takeMessage,
  message_delete({ channel_id: channelId, id }) {
    state.gone.add(id);
    drawLater(channelId);
  },
  channel_create: ({ channel }) => takeChannel(channel),
  channel_update: ({ channel }) => takeChannel(channel),
  thread_create: ({ channel }) => takeChannel(channel),
  channel_delete({ channel }) {
    state.channels.delete(channel.id);
    state.open.delete(channel.id);
    if (state.active === channel.id) state.active = listedChannels()[0]?.id ?? "";
    drawPlaces();
  },
  member_add: takeMember,
  member_update: takeMember,
  member_remove({ member }) {
    state.members.delete(member.id);
    if (state.me === member.id) {
      toast(`${member.name} is not on the server any more.`);
      speakAs(people()[0].id);
    } else drawAll();
  },
  commands_update({ commands }) {
    state.commands = commands;
    drawIntro();
  },
  ephemeral: takeHidden,
  ephemeral_update: takeHidden,
  ephemeral_delete({ id, channel_id: channelId }) {
    state.hidden.delete(id);
    drawLater(channelId);
  },
  bot_online() {
    state.bot.online = true;
    drawLink();
  },
  bot_offline() {
    state.bot.online = false;
    drawLink();
  },
};

setInterval(() => {
  for (const node of document.querySelectorAll("time[data-relative]")) node.textContent = relative(new Date(node.dateTime));
}, 30000);

drawLink();
server.connect();
