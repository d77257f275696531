/* Answers each number with its successor, until nobody is left to ask. */
#include <motte.h>

int main(void)
{
    struct motte_message question = {0}, answer = {0};
    int in = motte_grant("in"), result = motte_receive(in, &question, 0, -1);
    while (result == 0) {
        answer.tag = question.tag + 1;
        result = motte_reply_receive(question.reply, &answer, in, &question, -1);
    }
    return 0;
}
