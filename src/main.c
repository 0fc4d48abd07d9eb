/* main.c - the composition root. */
int main(void)
{
	return 2;
}
