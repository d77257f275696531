# Twin of reject/m1-lea-with-prefixes.s, without the fault.
function f
        leal (%rax), %ecx
        ret
end f
