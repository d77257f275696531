/* Ends with as many sevens as it has arguments. */
int main(int argc, char **argv)
{
    int status = 0;
    for (int i = 1; argv[i]; i++)
        status = status * 10 + 7;
    return argc > 1 ? status : 0;
}
