# Twin of reject/s2-lea-indexed.s, without the fault.
function f
        leaq 8(%rbp,%rax), %rbp
        ret
end f
