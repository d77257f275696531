/* A server: answers what it was told about a word, or learns it.  Each client has a badge, and words of its own. */
#include <motte.h>
#include <stdio.h>
#include <string.h>

enum { LEARN = 1, TELL = 2, UNKNOWN = 3 };
enum { WORDS = 64, LENGTH = 32 };

static struct {
    unsigned client;
    char word[LENGTH], meaning[LENGTH];
} words[WORDS];
static int known;

static int find(unsigned client, const char *word)
{
    for (int i = 0; i < known; i++)
        if (words[i].client == client && strcmp(words[i].word, word) == 0)
            return i;
    return -1;
}

/* "word" or "word=meaning" */
static void serve(struct motte_message *request, char *text, struct motte_message *answer)
{
    text[request->size] = '\0';
    char *meaning = strchr(text, '=');
    if (request->tag == LEARN && meaning && known < WORDS) {
        *meaning++ = '\0';
        words[known].client = request->badge;
        snprintf(words[known].word, LENGTH, "%s", text);
        snprintf(words[known].meaning, LENGTH, "%s", meaning);
        known++;
        return;
    }
    int place = find(request->badge, text);
    if (place < 0) {
        answer->tag = UNKNOWN;
    } else {
        answer->bytes = words[place].meaning;
        answer->size = (unsigned)strlen(words[place].meaning);
    }
}

int main(void)
{
    char text[128];
    int requests = motte_grant("requests");
    struct motte_message request = {.bytes = text, .room = sizeof text - 1};
    int result = motte_receive(requests, &request, 0, -1);
    while (result == 0) {
        struct motte_message answer = {.tag = request.tag};
        serve(&request, text, &answer);
        result = motte_reply_receive(request.reply, &answer, requests, &request, -1);
    }
    printf("%d words, and nobody is left who could ask\n", known);
    return result == -MOTTE_PEER_CLOSED ? 0 : 1;
}
