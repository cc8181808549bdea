// The session is over: the sign-in page is next, and afterwards the address that was looked at.
export default function ({ data }) {
  location.assign(data.wanted === "" || data.wanted === "/" ? "/login" : "/login?next=" + encodeURIComponent(data.wanted));
}
