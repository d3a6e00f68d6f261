# Runs in a fresh Debian root, as root, with /rda.deb and /rda-login.deb there.
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
apt() { apt-get --quiet --yes --no-install-recommends "$@" >/apt.log 2>&1 || { cat /apt.log; exit 1; }; }
files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path /var/cache -o -path /var/log \
        -o -path /var/lib/apt -o -path /var/lib/dpkg \) -prune -o -print | grep -v -e '^/apt.log$' -e '^/before$' \
        -e '^/etc/\(passwd\|group\|shadow\|gshadow\)-$' -e '^/etc/\.pwd\.lock$' -e '^/fresh-root' | sort
}

echo "== doctor-bare"
dpkg-deb --extract /rda.deb /bare
/bare/usr/bin/rda doctor --json || test $? = 2
rm -r /bare

# What the packages want, and what looks at units and rules.
apt update
apt install pcscd libpcsclite1 systemd udev
files >/before
apt install /rda.deb /rda-login.deb

echo "== files"
dpkg --listfiles rda rda-login | sort -u | wc -l
echo "== doctor-installed"
rda doctor --json || test $? = 2
echo "== units"
mkdir -p /tmp/user
XDG_RUNTIME_DIR=/tmp/user systemd-analyze --user --man=no verify /usr/lib/systemd/user/rda.socket \
    /usr/lib/systemd/user/rda.service /usr/lib/systemd/user/rda-standby.service 2>&1 |
    grep -v 'kernel does not support IPv6' || true
systemd-analyze --man=no verify /usr/lib/systemd/system/rda-login.socket /usr/lib/systemd/system/rda-login.service 2>&1
echo "== rules"
udevadm verify /usr/lib/udev/rules.d/71-rda-readers.rules 2>&1
# The other programs run too, as far as they can without their files.
rda --version >/dev/null
rda-login --version >/dev/null
zcat /usr/share/man/man1/rda.1.gz | grep -q doctor
getent passwd rda-login >/dev/null

# An upgrade runs the maintainer scripts of both; here to the same version.
apt install --reinstall /rda.deb /rda-login.deb
apt purge rda rda-login
echo "== left"
files | diff /before - || true
echo "== end"
