// gin: JSON, events and uploads.

package ecosystem

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
)

// newGin returns an engine that does not talk.
func newGin() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	g.Use(gin.RecoveryWithWriter(io.Discard))
	return g
}

// Binding, validation, rendering, redirects, groups, files and a panic.
func TestGinService(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("figures\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	got := sameOutcome(t, func() http.Handler {
		g := newGin()
		g.HandleMethodNotAllowed = true
		g.NoRoute(func(c *gin.Context) { c.JSON(404, gin.H{"nothing": c.Request.URL.Path}) })
		api := g.Group("/api", func(c *gin.Context) { c.Header("X-Group", "api") })
		api.POST("/notes", func(c *gin.Context) {
			var note struct {
				Title string   `json:"title" binding:"required,max=10"`
				Tags  []string `json:"tags"`
			}
			if err := c.ShouldBindJSON(&note); err != nil {
				c.AbortWithStatusJSON(400, gin.H{"error": err.Error()})
				return
			}
			c.JSON(201, note)
		})
		api.GET("/notes/:id", func(c *gin.Context) {
			var key struct {
				ID   int    `uri:"id" binding:"required"`
				Sort string `form:"sort,default=up"`
			}
			if c.BindUri(&key) == nil && c.BindQuery(&key) == nil {
				c.Negotiate(200, gin.Negotiate{Offered: []string{gin.MIMEJSON, gin.MIMEXML}, Data: key})
			}
		})
		api.POST("/form", func(c *gin.Context) { c.String(200, "%q %q", c.PostForm("a"), c.PostFormArray("b")) })
		g.GET("/panic", func(c *gin.Context) { panic("as planned") })
		g.GET("/file", func(c *gin.Context) { c.FileAttachment(file, "figures.txt") })
		g.GET("/reader", func(c *gin.Context) {
			c.DataFromReader(200, 9, "text/csv", strings.NewReader("a,b\n1,2\n\n"), map[string]string{"X-Rows": "1"})
		})
		g.GET("/cookie", func(c *gin.Context) {
			c.SetCookie("seen", "1", 60, "/", "", false, true)
			c.Status(204)
		})
		g.GET("/secret", gin.BasicAuth(gin.Accounts{"ann": "secret"}), func(c *gin.Context) {
			c.String(200, "hello %s", c.MustGet(gin.AuthUserKey))
		})
		return g
	}, func(t *testing.T, s site) []answer {
		return callAll(t, s, []call{
			{Line: "POST /api/notes", Fields: "Content-Type: application/json", Body: `{"title":"short","tags":["a"]}`},
			{Line: "POST /api/notes", Fields: "Content-Type: application/json", Body: `{"title":"longer than ten"}`},
			{Line: "POST /api/notes", Fields: "Content-Type: application/json", Body: `{"title":` + strings.Repeat(" ", 3000)},
			{Line: "POST /api/notes"},
			{Line: "GET /api/notes/7", Fields: "Accept: application/xml"},
			{Line: "GET /api/notes/7?sort=down", Fields: "Accept: application/json"},
			{Line: "GET /api/notes/7", Fields: "Accept: image/png"},
			{Line: "GET /api/notes/x"},
			{Line: "GET /api/notes/7/"},
			{Line: "POST /api/form", Fields: "Content-Type: application/x-www-form-urlencoded", Body: "a=1&b=2&b=3"},
			{Line: "PUT /api/notes"},
			{Line: "GET /panic"},
			{Line: "GET /file"},
			{Line: "GET /file", Fields: "Range: bytes=8-14"},
			{Line: "HEAD /reader"},
			{Line: "GET /reader"},
			{Line: "GET /cookie"},
			{Line: "GET /secret"},
			{Line: "GET /secret", Fields: "Authorization: Basic YW5uOnNlY3JldA=="},
			{Line: "GET /none"},
		})
	})
	var statuses []int
	for _, a := range got {
		statuses = append(statuses, a.Status)
	}
	want := []int{201, 400, 400, 400, 200, 200, 406, 400, 301, 200, 405, 500, 200, 206, 405, 200, 204, 401, 200, 404}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if got[13].Body != "figures" || got[18].Body != "hello ann" {
		t.Errorf("%+v", got)
	}
}

// upload makes a form with a small file, a large one and a value.
func upload(t *testing.T, large []byte) (contentType string, form *bytes.Buffer) {
	t.Helper()
	form = new(bytes.Buffer)
	w := multipart.NewWriter(form)
	for name, content := range map[string][]byte{"small.txt": []byte("a few bytes"), "large.bin": large} {
		part, err := w.CreateFormFile("files", name)
		if err != nil {
			t.Fatal(err)
		}
		part.Write(content)
	}
	w.WriteField("title", "two files")
	w.Close()
	return w.FormDataContentType(), form
}

// A form with files, the large one of which has its place on the disk until the handler has returned. It is sent with a
// length, in chunks, and by a client that asks first.
func TestGinUpload(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 3<<20/16)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	type outcome struct {
		Answers []answer
		OnDisk  []int // temporary files while the handler ran
	}
	var onDisk []int
	got := sameOutcome(t, func() http.Handler {
		onDisk = nil
		g := newGin()
		g.MaxMultipartMemory = 1 << 20
		stored := t.TempDir()
		g.POST("/upload", func(c *gin.Context) {
			form, err := c.MultipartForm()
			if err != nil {
				c.String(400, err.Error())
				return
			}
			parts, _ := filepath.Glob(filepath.Join(temp, "multipart-*"))
			onDisk = append(onDisk, len(parts))
			sizes := map[string]int64{}
			for _, f := range form.File["files"] {
				to := filepath.Join(stored, f.Filename)
				if err := c.SaveUploadedFile(f, to); err != nil {
					c.String(500, err.Error())
					return
				}
				info, _ := os.Stat(to)
				sizes[f.Filename] = info.Size()
			}
			c.JSON(200, gin.H{"title": c.PostForm("title"), "sizes": sizes})
		})
		return g
	}, func(t *testing.T, s site) outcome {
		var o outcome
		for _, way := range []string{"length", "chunked", "expect"} {
			contentType, form := upload(t, large)
			req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/upload", form)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", contentType)
			switch way {
			case "chunked":
				req.ContentLength = -1
			case "expect":
				req.Header.Set("Expect", "100-continue")
				s.Client.Transport.(*http.Transport).ExpectContinueTimeout = patience
			}
			o.Answers = append(o.Answers, fetch(t, s, req))
		}
		o.OnDisk = onDisk
		eventually(t, "the temporary files are gone", func() bool {
			parts, _ := filepath.Glob(filepath.Join(temp, "multipart-*"))
			return len(parts) == 0
		})
		return o
	})
	for i, a := range got.Answers {
		if a.Body != `{"sizes":{"large.bin":3145728,"small.txt":11},"title":"two files"}` || got.OnDisk[i] != 1 {
			t.Errorf("%+v", got)
		}
	}
}

// An upload that is not wanted is answered at once, and a client that asks first does not send it.
func TestGinRefusesUpload(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		g := newGin()
		g.POST("/upload", func(c *gin.Context) { c.AbortWithStatusJSON(403, gin.H{"error": "not for you"}) })
		return g
	}, func(t *testing.T, s site) answer {
		s.Client.Transport.(*http.Transport).ExpectContinueTimeout = patience
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/upload", neverRead{t})
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = 1 << 20
		req.Header.Set("Expect", "100-continue")
		return fetch(t, s, req)
	})
	if got.Status != 403 || !got.Close {
		t.Errorf("%+v", got)
	}
}

type neverRead struct{ t *testing.T }

func (b neverRead) Read([]byte) (int, error) {
	b.t.Error("the content was sent")
	return 0, io.EOF
}

// Events come one by one while the handler runs. When the client leaves, Stream reports it.
func TestGinStream(t *testing.T) {
	type outcome struct {
		ContentType string
		Lines       []string
		ClientGone  bool
	}
	var step chan int
	var gone chan bool
	got := sameOutcome(t, func() http.Handler {
		step, gone = make(chan int), make(chan bool, 1)
		g := newGin()
		g.GET("/events", func(c *gin.Context) {
			gone <- c.Stream(func(w io.Writer) bool {
				select {
				case n := <-step:
					c.SSEvent("tick", gin.H{"n": n})
				case <-c.Request.Context().Done():
				}
				return true
			})
		})
		return g
	}, func(t *testing.T, s site) outcome {
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		go func() { step <- 1 }()
		res, err := s.Client.Do(call{Line: "GET /events"}.request(t, s).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		o := outcome{ContentType: res.Header.Get("Content-Type")}
		in := bufio.NewScanner(res.Body)
		for n := 2; n < 5; n++ {
			for range 3 {
				in.Scan()
				o.Lines = append(o.Lines, in.Text())
			}
			step <- n
		}
		leave()
		o.ClientGone = receive(t, "Stream returns", gone)
		return o
	})
	var want []string
	for n := 1; n < 4; n++ {
		want = append(want, "event:tick", fmt.Sprintf(`data:{"n":%d}`, n), "")
	}
	if diff := cmp.Diff(got, outcome{"text/event-stream;charset=utf-8", want, true}); diff != "" {
		t.Error(diff)
	}
}
