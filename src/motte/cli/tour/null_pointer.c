/* Follows a null pointer: a whole page of zeros would be a gift to it. */
struct node {
    struct node *next;
    int value;
};

int main(void) {
    struct node *volatile list = 0;
    return list->value;
}
