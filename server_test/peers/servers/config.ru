# The application for the servers that are written in Ruby: it answers without a look at the content.
replies = { "/" => [200, "hello\n"], "/ignore" => [200, "ignored\n"], "/reject" => [413, "too large\n"] }

run(lambda do |env|
  status, text = replies.fetch(env["PATH_INFO"], [404, "not found\n"])
  [status, { "content-type" => "text/plain; charset=utf-8", "content-length" => text.bytesize.to_s }, [text]]
end)
