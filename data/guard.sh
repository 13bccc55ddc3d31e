# The dead-man switch of a rented machine: at its deadline it ends its own instance, whether any Hunter lives or not.
# POSIX sh with curl, GNU wget or python3, whatever the image has. Before it stand three lines: MARKET, URL, TTL.
# It uses the key that the market puts into each instance and that opens this instance alone, never in an argument.
# Lines that begin with # are left out when it is sent. The braces make sh read all of it before it begins.
{
umask 077
trap '' HUP
N='
'
D=${HUNTER_GUARD_DIR:-/var/lib/hunter-guard}
mkdir -p "$D" 2>/dev/null
[ -w "$D" ] || { D=/tmp/hunter-guard; mkdir -p "$D"; }
say() { { echo "HUNTER_GUARD $*" >>"${HUNTER_GUARD_LOG:-/proc/1/fd/1}"; } 2>/dev/null || echo "HUNTER_GUARD $*"; }
own() {
 eval "V=\${$1:-}"
 [ "$V" ] || V=$(tr '\0' '\n' </proc/1/environ | sed -n "s/^$1=//p")
} 2>/dev/null
case $MARKET in
vast) own CONTAINER_ID; ID=$V; own CONTAINER_API_KEY
 A=$URL/api/v0/instances/$ID/ Q= S=PUT T=$A B='{"state":"stopped"}';;
*) own RUNPOD_POD_ID; ID=$V; own RUNPOD_API_KEY
 A=$URL/v2/pods/$ID Q='"' S=POST T=$A/action B='{"action":"stop"}';;
esac
K=$V
case $ID in ''|*[!A-Za-z0-9_-]*) say refused no-id; exit 1;; esac
case $K in ''|*[!A-Za-z0-9_.-]*) say refused no-key; exit 1;; esac

# ── the deadline: fixed at the first boot, on the disk; whoever renames a file over it moves it ──
F=$D/deadline-$ID
read_it() {
 { read -r V <"$F"; } 2>/dev/null || V=
 case $V in ''|*[!0-9]*) ;; *) E=$V;; esac
}
E=
read_it
[ "$E" ] || { E=$(($(date +%s)+TTL)); echo "$E" >"$F.new" && mv "$F.new" "$F"; }
due() { read_it; [ "$(date +%s)" -ge "$E" ]; }

# ── asking: METHOD ADDRESS [BODY] → C, the status or what went wrong, and O, what was answered ──
ask() {
 C=000
 case $P in
 curl)
  O=$(printf 'header = "Authorization: Bearer %s"\n' "$K" | curl -sS -m 20 -A hunter-guard -K - -X "$1" \
   -H 'Content-Type: application/json' ${3:+-d "$3"} -w '\n%{http_code}' "$2" 2>/dev/null)
  R=$?
  C=${O##*"$N"}
  case $R in 60|77) C=no-ca;; esac;;
 wget)
  printf 'header = Authorization: Bearer %s\n' "$K" >"$D/rc-$ID"
  O=$(wget --config="$D/rc-$ID" -q -S -O - -T 20 -t 1 --max-redirect=0 --content-on-error \
   --method="$1" --header='Content-Type: application/json' ${3:+"--body-data=$3"} "$2" 2>&1)
  R=$?
  rm -f "$D/rc-$ID"
  case $O in *HTTP/*) C=${O#*HTTP/}; C=${C#* }; C=${C%%[!0-9]*};; esac
  [ $R = 5 ] && C=no-ca;;
 python3)
  O=$(printf %s "$K" | python3 -c '
import sys,http.client as h
from urllib.parse import urlsplit
m,a,b=sys.argv[1:]
u=urlsplit(a)
c=(h.HTTPSConnection if u.scheme=="https" else h.HTTPConnection)(u.netloc,timeout=20)
t={"Authorization":"Bearer "+sys.stdin.read(),"User-Agent":"hunter-guard","Content-Type":"application/json"}
try:
 c.request(m,u.path,b or None,t)
 r=c.getresponse()
 print(r.read().decode("utf-8","replace")+"\n"+str(r.status))
except Exception as e:
 print("\n"+("no-ca" if "CERTIFICATE" in str(e) else "000"))' "$1" "$2" "$3" 2>/dev/null)
  C=${O##*"$N"};;
 esac
}

# ── the proof: it can read itself, and so it can end itself ──
prove() {
 W=no-client
 for P in curl wget python3; do
  command -v $P >/dev/null 2>&1 || continue
  case $P in wget) case $(wget --version 2>&1) in *GNU*) ;; *) continue;; esac;; esac
  ask GET "$A"
  case $C in
  200) case $O in
   *'"id":'"$Q$ID$Q"[,\ }]*|*'"id": '"$Q$ID$Q"[,\ }]*) return 0;;
   *) W=not-itself;; esac;;
  000|'') W=no-answer;;
  no-ca) W=no-ca;;
  *) W=http-$C;;
  esac
 done
 return 1
}
L= I=5
until prove; do
 [ "$L" = "$W" ] || say refused "$W"
 L=$W
 case $W in no-answer|http-429|http-5??) ;; *) exit 1;; esac
 sleep $I
 [ $I -lt 300 ] && I=$((I*2))
done
say proved

# ── the wait, and the end ──
I=5 X=0
while :; do
 if due; then
  ask DELETE "$A"
  say ending "$C"
  case $C in 404|410) exit 0;; 2??) ;; *) X=$((X+1)); [ $X -lt 4 ] || ask "$S" "$T" "$B";; esac
  sleep $I
  [ $I -lt 300 ] && I=$((I*2))
 else
  I=5 X=0 V=$((E-$(date +%s)))
  [ $V -lt 30 ] || V=30
  [ $V -gt 0 ] || V=1
  sleep $V
 fi
done
}
