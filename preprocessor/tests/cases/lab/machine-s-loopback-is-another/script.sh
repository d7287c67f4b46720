(: </dev/tcp/127.0.0.1/@PORT@) 2>/dev/null && echo reached || echo refused
