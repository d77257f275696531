# Twin of reject/d5-moffs.s, without the fault.
function f
        movl %gs:0x11223344(,%eiz), %eax
        ret
end f
