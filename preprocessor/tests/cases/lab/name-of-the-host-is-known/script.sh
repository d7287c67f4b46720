hostname
getent hosts laptop laptop.example.org
cat /etc/hostname
id
getent passwd user
