# WEBrick, with a servlet that answers without a look at the content: webrick.rb PORT
require "webrick"

REPLIES = { "/" => [200, "hello\n"], "/ignore" => [200, "ignored\n"], "/reject" => [413, "too large\n"] }.freeze

class Everything < WEBrick::HTTPServlet::AbstractServlet
  def answer(request, response)
    response.status, response.body = REPLIES.fetch(request.path, [404, "not found\n"])
    response["Content-Type"] = "text/plain; charset=utf-8"
  end
  %w[GET HEAD POST PUT DELETE OPTIONS].each { |m| alias_method "do_#{m}", :answer }
end

quiet = WEBrick::Log.new(File::NULL)
server = WEBrick::HTTPServer.new(BindAddress: "127.0.0.1", Port: ARGV[0].to_i, Logger: quiet, AccessLog: [])
server.mount "/", Everything
trap("TERM") { server.shutdown }
server.start
